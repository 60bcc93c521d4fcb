// A list of messages that changes only where a message changed, and stays at its end while one reads there.

import { day, sameDay } from "./clock.js";
import { el } from "./dom.js";
import { messageNode } from "./message.js";

const TOGETHER_SECONDS = 300; // messages by one person closer than this share a name and picture
const NEAR_END_PX = 60;

export class MessageList {
  /** `lead(message)` may give a node to stand after that message (a thread's count of replies). */
  constructor(store, { inThread = false, label, lead = () => null }) {
    this.store = store;
    this.inThread = inThread;
    this.lead = lead;
    this.shown = new Map(); // ts -> {text: what it was made from, node}
    this.list = el("div", { class: "messages", role: "log", "aria-label": label, "aria-live": "polite" });
    this.node = el("div", { class: "scroll", tabindex: "0", "aria-label": label, role: "region" }, this.list);
    this.atEnd = true;
    this.node.addEventListener("scroll", () => {
      this.atEnd = this.node.scrollHeight - this.node.scrollTop - this.node.clientHeight < NEAR_END_PX;
    });
    // Images and fonts arrive after the text and push the end away.
    const stay = new ResizeObserver(() => this.atEnd && this.toEnd());
    stay.observe(this.list);
    stay.observe(this.node);
  }

  clear() {
    this.shown.clear();
    this.list.replaceChildren();
    this.atEnd = true;
  }

  show(messages, { empty = null } = {}) {
    const next = new Map();
    const nodes = messages.length ? [] : [empty].filter(Boolean);
    messages.forEach((message, index) => {
      const before = messages[index - 1];
      if (!this.inThread && (!before || !sameDay(before.ts, message.ts))) nodes.push(this.#dayLine(message));
      nodes.push(this.#nodeOf(message, this.#follows(before, message), next));
      const lead = this.lead(message, messages);
      if (lead) nodes.push(lead);
    });
    this.shown = next;
    this.#place(nodes);
    if (this.atEnd) this.toEnd();
  }

  #dayLine(message) {
    return el("div", { class: "day", role: "separator" }, el("span", {}, day(message.ts)));
  }

  #follows(before, message) {
    if (!before || this.inThread || [message, before].some((each) => each.ephemeral || each.pinned)) return false;
    if (before.reply_count || before.subtype || message.subtype) return false;
    const close = Number(message.ts) - Number(before.ts) < TOGETHER_SECONDS;
    return before.user?.id === message.user?.id && close && sameDay(before.ts, message.ts);
  }

  #nodeOf(message, compact, next) {
    const text = JSON.stringify([message, compact, this.store.me.id]);
    const known = this.shown.get(message.ts);
    const node =
      known?.text === text ? known.node : messageNode(message, this.store, { compact, inThread: this.inThread });
    next.set(message.ts, { text, node });
    return node;
  }

  /** Puts `nodes` in order; those that already stand right are not touched, so that focus and open menus survive. */
  #place(nodes) {
    let at = this.list.firstChild;
    for (const node of nodes) {
      if (node === at) at = at.nextSibling;
      else this.list.insertBefore(node, at);
    }
    while (at) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
  }

  /** To the end, and there it stays as more comes. */
  follow() {
    this.atEnd = true;
    this.toEnd();
  }

  toEnd() {
    this.node.scrollTop = this.node.scrollHeight;
  }

  reveal(ts) {
    const found = this.shown.get(ts)?.node;
    if (!found) return false;
    this.atEnd = false;
    found.scrollIntoView({ block: found.clientHeight > this.node.clientHeight / 2 ? "start" : "center" });
    found.classList.add("pointed");
    setTimeout(() => found.classList.remove("pointed"), 2500);
    return true;
  }
}
