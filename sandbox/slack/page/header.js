// A channel's head: name, topic, people, pins and bookmarks.

import { div, el, icon, iconButton, link } from "./dom.js";
import { time } from "./clock.js";
import { withEmoji } from "./emoji.js";
import { markdown } from "./markdown.js";
import { inline } from "./mrkdwn.js";
import { dialog, menu } from "./popover.js";
import { go, toMessage } from "./route.js";

const PIN_SNIPPET = 90;

export function channelHeader(store, { onMenu }) {
  const { channel } = store;
  const sign = channel.is_im ? null : icon(channel.is_private ? "lock" : "hash");
  const topic = channel.topic?.value ?? channel.topic ?? "";
  const about = topic || (channel.purpose?.value ?? channel.purpose ?? "");
  return el(
    "header",
    { class: "channel-head" },
    el(
      "div",
      { class: "channel-row" },
      iconButton("menu", "Show the list of channels", onMenu, { class: "icon-button drawer-button" }),
      el(
        "h2",
        { class: "channel-name", data: { channelName: channel.id } },
        sign,
        el("span", {}, store.channelName(channel)),
      ),
      about && el("div", { class: "topic", title: about }, inline(about.replace(/\s+/g, " "), store)),
      div("channel-facts", pins(store), channel.is_im ? null : people(channel)),
    ),
    (channel.bookmarks?.length > 0 || channel.canvases?.length > 0) && bookmarks(channel, store),
  );
}

function people(channel) {
  const said = `${channel.member_count} ${channel.member_count === 1 ? "member" : "members"}`;
  return el("span", { class: "fact", title: said, "aria-label": said }, icon("people"), String(channel.member_count));
}

function pins(store) {
  const { channel } = store;
  const pinned = channel.pins ?? [];
  if (!pinned.length) return null;
  const text = (ts) => {
    const message = store.messages.find((each) => each.ts === ts);
    return (message?.text || "A message")
      .replace(/<([^|>]+\|)?([^>]*)>/g, "$2")
      .replace(/[*_~`]/g, "")
      .slice(0, PIN_SNIPPET);
  };
  const items = () =>
    pinned.map((ts) => ({
      label: text(ts),
      hint: time(ts),
      run: () => go(toMessage(channel.id, ts)),
      data: { pin: ts },
    }));
  const open = (event) => menu(event.currentTarget, items(), { label: "Pinned messages" });
  return el(
    "button",
    {
      type: "button",
      class: "fact",
      "aria-haspopup": "menu",
      "aria-label": `${pinned.length} pinned`,
      title: "Pinned messages",
      data: { pins: pinned.length },
      on: { click: open },
    },
    icon("pin"),
    `${pinned.length}`,
  );
}

function bookmarks(channel, store) {
  const sign = (bookmark) => (bookmark.emoji ? withEmoji(bookmark.emoji) : icon("bookmark"));
  const items = channel.bookmarks.map((bookmark) =>
    el("li", {}, link(bookmark.link, sign(bookmark), el("span", {}, bookmark.title))),
  );
  const tabs = (channel.canvases ?? []).map((canvas) => el("li", {}, canvasButton(canvas, store)));
  return el("ul", { class: "bookmarks", "aria-label": "Canvases and bookmarks" }, tabs, items);
}

function canvasButton(canvas, store) {
  const title = canvas.is_own && canvas.title === "Untitled" ? "Canvas" : canvas.title;
  const build = (close, dismiss) => [
    el(
      "header",
      { class: "dialog-head" },
      el("h2", {}, title),
      iconButton("close", "Close", () => dismiss()),
    ),
    div("dialog-body", markdown(canvas.markdown, store)),
  ];
  return el(
    "button",
    { type: "button", data: { canvas: canvas.id }, on: { click: () => dialog({ label: title, className: "dialog-wide", build }) } },
    icon("file"),
    el("span", {}, title),
  );
}
