// One message: who said what when, its reactions, its thread, and what can be done with it.

import { avatar } from "./avatar.js";
import { blocks, picture } from "./blocks.js";
import { day, full, time } from "./clock.js";
import { div, el, icon, iconButton, link, span } from "./dom.js";
import { emoji } from "./emoji.js";
import { inline, mrkdwn } from "./mrkdwn.js";
import { attempt, menu, toast } from "./popover.js";
import { pickEmoji } from "./picker.js";
import { go, toMessage, toThread } from "./route.js";

const NOTICES = /^(channel|group)_(join|leave|topic|purpose|name|archive|unarchive)$|^(pinned_item|tombstone)$/;

/** `compact`: it follows another by the same person, so name and picture are left out. */
export function messageNode(message, store, { compact = false, inThread = false } = {}) {
  const { channel } = store.place;
  const author = { ...message.user, ...store.person(message.user?.id) };
  const system = NOTICES.test(message.subtype ?? "");
  const small = compact || system;
  const classes = [
    "message",
    small && "compact",
    system && "system",
    message.ephemeral && "ephemeral",
    message.pinned && "pinned",
    message.streaming && "streaming",
  ];
  return el(
    "article",
    {
      class: classes.filter(Boolean).join(" "),
      "aria-label": `${author.name}, ${time(message.ts)}`,
      data: { ts: message.ts, user: message.user?.id, ephemeral: message.ephemeral || undefined },
    },
    message.pinned && div("remark", icon("pin"), "Pinned"),
    message.ephemeral && div("remark", icon("eye"), "Only visible to you"),
    small ? span("gutter", stamp(message, channel)) : avatar(author),
    el(
      "div",
      { class: "message-main" },
      small ? null : byline(message, author, channel),
      body(message, store),
      reactions(message, store),
      !inThread && message.reply_count > 0 && threadLink(message, channel),
    ),
    message.local ? null : toolbar(message, store, inThread),
  );
}

function byline(message, author, channel) {
  const badge = author.is_bot ? span("badge", "APP") : author.is_guest ? span("badge", "GUEST") : null;
  return div("byline", span("author", author.name), badge, stamp(message, channel));
}

function stamp(message, channel) {
  return el("a", { class: "stamp", href: toMessage(channel, message.ts), title: full(message.ts) }, time(message.ts));
}

function body(message, store) {
  const hasBlocks = message.blocks?.length > 0;
  const content = hasBlocks
    ? blocks(message.blocks, surface(message, store))
    : div("text", mrkdwn(message.text, store));
  return el(
    "div",
    { class: "message-body" },
    hasBlocks || message.text ? content : null,
    message.streaming && el("span", { class: "caret", role: "status", "aria-label": "still writing" }),
    (message.attachments ?? []).map((attachment) => attached(attachment, message, store)),
    (message.files ?? []).map(file),
    message.edited && el("span", { class: "edited", title: "This message was edited" }, "(edited)"),
  );
}

function surface(message, store) {
  const kept = new Map(); // what was chosen lives as long as the message looks as it does
  const key = (block, action) => `${block}\n${action}`;
  return {
    names: store,
    keep: (block, action, state) => kept.set(key(block, action), state),
    kept: (block, action) => kept.get(key(block, action)),
    act: (element, block, state) => {
      const target = { channel: store.place.channel, ts: message.ts, action_id: element.action_id, block_id: block };
      return attempt(() => store.api.click({ ...target, ...chosen(state) }));
    },
  };
}

/** What the control API wants to know of a choice: a plain value for buttons, Slack's state for the rest. */
export function chosen({ type, value, ...selected }) {
  const [first] = Object.values(selected);
  return first === undefined ? { value } : { selected: first, state: { type, ...selected } };
}

const COLOURS = { good: "#2f9e6e", warning: "#d9a022", danger: "#c8374a" };

function attached(attachment, message, store) {
  const colour =
    COLOURS[attachment.color] ??
    (/^#?[0-9a-f]{6}$/i.test(attachment.color ?? "") ? `#${attachment.color.replace("#", "")}` : "");
  const title =
    attachment.title &&
    div("card-title", attachment.title_link ? link(attachment.title_link, attachment.title) : attachment.title);
  const inner = attachment.blocks?.length
    ? blocks(attachment.blocks, surface(message, store))
    : mrkdwn(attachment.text ?? attachment.fallback ?? "", store);
  const node = div("attachment text", attachment.pretext && inline(attachment.pretext, store), title, inner);
  node.style.borderColor = colour;
  return node;
}

function file(given) {
  if (!given.mimetype?.startsWith("image/")) return div("file", icon("file"), link(given.url, given.title || "file"));
  return el(
    "figure",
    { class: "block-image" },
    el("figcaption", { class: "image-title" }, given.title),
    picture({ ...given, alt_text: given.alt || given.title }, "image"),
  );
}

function reactions(message, store) {
  if (!message.reactions?.length) return null;
  const names = (users) => users.map((id) => store.person(id)?.name ?? id).join(", ");
  const chip = (reaction) => {
    const mine = reaction.users.includes(store.me.id);
    const toggle = () => react(store, message, reaction.name, mine);
    return el(
      "button",
      {
        type: "button",
        class: "reaction",
        "aria-pressed": String(mine),
        "aria-label": `${reaction.name}, ${reaction.count}: ${names(reaction.users)}`,
        title: `${names(reaction.users)} reacted with :${reaction.name}:`,
        data: { reaction: reaction.name },
        on: { click: toggle },
      },
      emoji(reaction.name),
      span("count", String(reaction.count)),
    );
  };
  const add = iconButton("react", "Add a reaction", picking(store, message), { class: "reaction reaction-add" });
  return div("reactions", message.reactions.map(chip), add);
}

const react = (store, message, name, remove) =>
  attempt(() => store.api.react(store.place.channel, message.ts, name, remove));

const picking = (store, message) => (event) =>
  pickEmoji(event.currentTarget, (name) => react(store, message, name, false));

function threadLink(message, channel) {
  const count = `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`;
  const last =
    message.last_reply_ts &&
    span("quiet", `Last reply ${day(message.last_reply_ts).toLowerCase()} at ${time(message.last_reply_ts)}`);
  return el(
    "a",
    {
      class: "thread-link",
      href: toThread(channel, message.thread_ts ?? message.ts),
      data: { openThread: message.ts },
    },
    icon("thread"),
    el("strong", {}, count),
    last,
  );
}

function toolbar(message, store, inThread) {
  const { channel } = store.place;
  if (message.ephemeral) return null;
  const reply = () => go(toThread(channel, message.thread_ts ?? message.ts));
  const pin = () => attempt(() => store.api.pin(channel, message.ts, Boolean(message.pinned)));
  return el(
    "div",
    { class: "toolbar", role: "toolbar", "aria-label": "Message actions" },
    iconButton("react", "Add a reaction", picking(store, message), { data: { do: "react" } }),
    inThread ? null : iconButton("thread", "Reply in a thread", reply, { data: { do: "reply" } }),
    iconButton("pin", message.pinned ? "Unpin" : "Pin to the channel", pin, { data: { do: "pin" } }),
    iconButton("more", "More actions", (event) => menu(event.currentTarget, more(message, store)), {
      data: { do: "more" },
      "aria-haspopup": "menu",
    }),
  );
}

function more(message, store) {
  const { channel } = store.place;
  const target = { channel, ts: message.ts };
  const shortcuts = store.shortcuts.filter((shortcut) => ["message", "message_action"].includes(shortcut.type));
  const run = (shortcut) => () => attempt(() => store.api.shortcut(shortcut.callback_id, target));
  const copy = () =>
    attempt(async () => {
      await navigator.clipboard.writeText(
        message.permalink ?? new URL(toMessage(channel, message.ts), location.href).href,
      );
      toast("Link copied");
    });
  return [
    { label: "Copy link", run: copy },
    ...shortcuts.map((shortcut) => ({
      label: shortcut.name,
      hint: store.bot?.name,
      run: run(shortcut),
      data: { shortcut: shortcut.callback_id },
    })),
  ];
}
