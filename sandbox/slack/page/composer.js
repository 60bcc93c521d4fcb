// Where one writes: Enter sends, Shift+Enter starts a line, "/" "@" "#" and ":" offer what fits.

import { el, iconButton, span } from "./dom.js";
import { attempt } from "./popover.js";
import { pickEmoji } from "./picker.js";
import { Suggestions } from "./suggest.js";

const MAX_ROWS_PX = 220;

/** `send(text)` gets what was written with mentions resolved. `inThread`: commands do not work there. */
export function composer(store, { id, label, inThread = false, send, onSend = () => {} }) {
  const field = el("textarea", {
    id,
    class: "composer-field",
    rows: "1",
    "aria-label": label,
    placeholder: label,
    autocomplete: "off",
    spellcheck: "true",
  });
  const suggestions = new Suggestions(store, field, { inThread });
  const submit = async () => {
    const written = field.value.trim();
    if (!written) return;
    field.value = "";
    grow(field);
    suggestions.hide();
    onSend();
    const done = await attempt(async () => (await dispatch(store, written, { inThread, send })) ?? true);
    if (done === undefined && !field.value) field.value = written; // nothing that was typed is lost
    grow(field);
  };
  field.addEventListener("keydown", (event) => {
    if (suggestions.takes(event)) return;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  field.addEventListener("input", () => grow(field));
  const insert = (name) => {
    field.setRangeText(`:${name}: `, field.selectionStart, field.selectionEnd, "end");
    field.focus();
  };
  const node = el(
    "form",
    { class: "composer", on: { submit: (event) => (event.preventDefault(), submit()) } },
    suggestions.node,
    field,
    el(
      "div",
      { class: "composer-tools" },
      iconButton("react", "Insert an emoji", (event) => pickEmoji(event.currentTarget, insert)),
      span("composer-hint", "Shift + Enter for a new line"),
      iconButton("send", "Send", submit, { class: "icon-button send" }),
    ),
  );
  return { node, field, rename: (text) => (field.placeholder = text) };
}

function grow(field) {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, MAX_ROWS_PX)}px`;
}

async function dispatch(store, written, { inThread, send }) {
  const { channel } = store.place;
  const found = /^(\/\S+)(?:\s+([\s\S]*))?$/.exec(written);
  if (!found) return send(slackText(written, store));
  const [, command, text = ""] = found;
  if (inThread) return store.notice(channel, `\`${command}\` does not work in threads. Use it in the channel.`);
  if (!store.commands.some((known) => known.command === command)) {
    return store.notice(channel, `\`${command}\` is not a valid command. Start with a space to send it as a message.`);
  }
  try {
    await store.api.command(channel, command, text);
  } catch (refused) {
    return store.notice(channel, refused.answer?.text ?? `${command} failed: ${refused.message}`);
  }
  return store.fetchMessages(); // the answer stands there, for this person only
}

/** @handles and #channels as references, as Slack's own clients send them; the sandbox escapes the rest. */
export function slackText(written, store) {
  const people = new Map([...store.people.values()].map((person) => [person.handle.toLowerCase(), person.id]));
  const channels = new Map(
    [...store.channels.values()].filter((each) => !each.is_im).map((each) => [each.name, each.id]),
  );
  return written
    .replace(/(^|[\s(])@([\w.-]*\w)/g, (whole, before, handle) => {
      const id = people.get(handle.toLowerCase());
      return id ? `${before}<@${id}>` : whole;
    })
    .replace(/(^|[\s(])#([\w-]+)/g, (whole, before, name) =>
      channels.has(name) ? `${before}<#${channels.get(name)}|${name}>` : whole,
    );
}
