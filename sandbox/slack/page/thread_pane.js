// The right side: one thread.

import { composer } from "./composer.js";
import { div, el, fill, iconButton, span } from "./dom.js";
import { MessageList } from "./message_list.js";
import { go, toChannel } from "./route.js";

export class ThreadPane {
  constructor(store, node) {
    this.store = store;
    this.node = node;
    this.open = null;
    this.list = new MessageList(store, { inThread: true, label: "Thread messages", lead: replies });
    this.doing = el("div", { class: "doing", role: "status", hidden: true });
    this.composer = composer(store, {
      id: "thread-composer",
      label: "Reply…",
      inThread: true,
      send: (text) => store.api.say(store.place.channel, text, store.place.thread),
      onSend: () => this.list.follow(),
    });
    this.where = span("quiet");
    const close = () => go(toChannel(store.place.channel));
    const head = el(
      "header",
      { class: "thread-head" },
      el("h2", {}, "Thread"),
      this.where,
      iconButton("close", "Close the thread", close, { id: "close-thread" }),
    );
    fill(node, head, this.list.node, this.doing, div("foot", this.composer.node));
    store.on("place workspace", () => this.#frame());
    store.on("replies", () => this.#replies());
  }

  #frame() {
    const { channel, thread } = this.store.place;
    this.node.hidden = thread === null;
    const key = thread && `${channel}/${thread}`;
    if (key !== this.open) this.list.clear();
    this.open = key;
    const { bot, doing } = this.store;
    this.doing.hidden = !doing;
    fill(this.doing, doing ? [el("strong", {}, bot?.name ?? ""), ` ${doing}`] : []);
    const shown = this.store.channel;
    this.where.textContent = shown ? `${shown.is_im ? "" : "#"}${this.store.channelName(shown)}` : "";
  }

  #replies() {
    this.list.show(this.store.replies);
  }
}

function replies(message, messages) {
  const count = messages.length - 1;
  if (message !== messages[0] || count < 1) return null;
  return el(
    "div",
    { class: "day", role: "separator" },
    el("span", {}, `${count} ${count === 1 ? "reply" : "replies"}`),
  );
}
