// The left side: who one is, and where one can go.

import { avatar } from "./avatar.js";
import { div, el, fill, icon, iconButton, patch, span } from "./dom.js";
import { inline } from "./mrkdwn.js";
import { attempt, dialog, menu } from "./popover.js";
import { isUnread } from "./reading.js";
import { become, go, toChannel, toHome } from "./route.js";

export function sidebar(store, node, { onPerson }) {
  const top = el("div", {});
  const list = div("places");
  const below = el("div", {});
  fill(node, top, list, below);
  const show = () => {
    patch(top, head(store, onPerson));
    patch(list, places(store));
    patch(below, hints(store));
  };
  store.on("workspace place read", show);
}

function head(store, onPerson) {
  const { me } = store;
  const people = () =>
    [...store.people.values()]
      .filter((person) => !person.is_bot)
      .map((person) => ({
        label: [avatar(person, "small"), person.name],
        hint: person.title || `@${person.handle}`,
        current: person.id === me.id,
        data: { person: person.id },
        run: () => {
          become(person.id, location.hash);
          onPerson(person.id);
        },
      }));
  const switcher = el(
    "button",
    {
      type: "button",
      class: "switcher",
      id: "person-switcher",
      "aria-haspopup": "menu",
      data: { me: me.id },
      on: { click: (event) => menu(event.currentTarget, people(), { label: "Be someone else" }) },
    },
    avatar(me, "small"),
    span("switcher-name", el("small", {}, "You are: "), me.name),
    icon("down"),
  );
  return el("header", { class: "sidebar-head" }, el("h1", {}, store.team || "Sandbox"), switcher);
}

function places(store) {
  const all = [...store.channels.values()];
  const open = all
    .filter((channel) => !channel.is_archived)
    .sort((one, other) => (one.name ?? "").localeCompare(other.name ?? ""));
  const joined = open.filter((channel) => channel.is_member && !channel.is_im);
  const add = iconButton("plus", "Create a channel", () => createChannel(store), {
    class: "icon-button add",
    id: "create-channel",
  });
  const shortcuts = store.shortcuts.filter((shortcut) => !["message", "message_action"].includes(shortcut.type));
  return [
    store.bot &&
      el("ul", { class: "group" }, homeEntry(store), shortcuts.length > 0 && shortcutsEntry(store, shortcuts)),
    group(
      "Channels",
      joined.filter((channel) => !channel.is_private),
      store,
      add,
    ),
    group(
      "Private",
      joined.filter((channel) => channel.is_private),
      store,
    ),
    group(
      "Direct messages",
      open.filter((channel) => channel.is_im && channel.is_member !== false),
      store,
    ),
    group(
      "More to join",
      open.filter((channel) => !channel.is_member && !channel.is_im && !channel.is_private),
      store,
    ),
    group(
      "Archived",
      all.filter((channel) => channel.is_archived),
      store,
    ),
  ];
}

function hints(store) {
  const shown = store.hints.map((hint) => el("li", {}, inline(hint, store)));
  return el(
    "section",
    { class: "hints", id: "hints", "aria-label": "What you can try", hidden: !shown.length },
    el("h2", {}, "Try this"),
    el("ol", {}, shown),
  );
}

function group(title, channels, store, tool = null) {
  if (!channels.length && !tool) return null;
  return el(
    "section",
    { class: "group-frame", "aria-label": title },
    div("group-head", el("h2", {}, title), tool),
    el(
      "ul",
      { class: "group" },
      channels.map((channel) => entry(channel, store)),
    ),
  );
}

function entry(channel, store) {
  const current = store.place.channel === channel.id;
  const unread = !current && channel.is_member && isUnread(store.as, channel);
  const sign = channel.is_im
    ? avatar(store.person(channel.user) ?? store.bot, "tiny")
    : icon(channel.is_private ? "lock" : "hash");
  const name = store.channelName(channel);
  return el(
    "li",
    {},
    el(
      "a",
      {
        class: `place${unread ? " unread" : ""}${channel.is_member ? "" : " outside"}`,
        href: toChannel(channel.id),
        title: name,
        "aria-current": current ? "page" : undefined,
        data: { channel: channel.id },
      },
      sign,
      span("place-name", name),
      unread && el("span", { class: "dot", role: "img", "aria-label": "unread" }),
    ),
  );
}

function homeEntry(store) {
  const props = {
    class: "place",
    href: toHome(),
    "aria-current": store.place.home ? "page" : undefined,
    data: { home: "" },
  };
  return el("li", {}, el("a", props, icon("home"), span("place-name", `${store.bot.name} home`)));
}

function shortcutsEntry(store, shortcuts) {
  const items = () =>
    shortcuts.map((shortcut) => ({
      label: shortcut.name,
      hint: store.bot?.name,
      data: { shortcut: shortcut.callback_id },
      run: () => attempt(() => store.api.shortcut(shortcut.callback_id)),
    }));
  const props = {
    type: "button",
    class: "place",
    id: "shortcuts",
    "aria-haspopup": "menu",
    on: { click: (event) => menu(event.currentTarget, items(), { label: "Shortcuts" }) },
  };
  return el("li", {}, el("button", props, icon("bolt"), span("place-name", "Shortcuts")));
}

function createChannel(store) {
  const field = el("input", {
    class: "field",
    id: "channel-name",
    placeholder: "for example db-latency",
    maxlength: "80",
    pattern: "[a-z0-9_\\-]+",
    required: true,
  });
  const build = (close) => {
    const create = async (event) => {
      event.preventDefault();
      const made = await attempt(() => store.api.createChannel(field.value.trim()));
      if (!made) return;
      close();
      await store.fetchWorkspace();
      const id =
        made.channel?.id ??
        made.channel ??
        [...store.channels.values()].find((channel) => channel.name === field.value.trim())?.id;
      if (id) go(toChannel(id));
    };
    return el(
      "form",
      { on: { submit: create } },
      el("header", { class: "dialog-head" }, el("h2", {}, "Create a channel")),
      div(
        "dialog-body",
        el("label", { class: "label", for: "channel-name" }, "Name"),
        field,
        el("p", { class: "hint" }, "Lower-case letters, digits, - and _"),
      ),
      el(
        "footer",
        { class: "dialog-foot" },
        el("button", { type: "button", class: "button", on: { click: close } }, "Cancel"),
        el("button", { type: "submit", class: "button button-primary" }, "Create"),
      ),
    );
  };
  dialog({ label: "Create a channel", className: "dialog-small", build });
  field.focus();
}
