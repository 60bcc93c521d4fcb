// The middle: a channel's messages and where one writes to it.

import { composer } from "./composer.js";
import { div, el, patch } from "./dom.js";
import { channelHeader } from "./header.js";
import { MessageList } from "./message_list.js";
import { attempt } from "./popover.js";

export class ChannelPane {
  constructor(store, { onMenu }) {
    this.store = store;
    this.head = el("div", {});
    this.list = new MessageList(store, { label: "Messages" });
    this.composer = composer(store, {
      id: "composer",
      label: "Message",
      send: (text) => store.api.say(store.place.channel, text),
      onSend: () => this.list.follow(),
    });
    this.foot = div("foot", this.composer.node);
    this.node = div("pane", this.head, this.list.node, this.foot);
    this.wanted = null; // a message to bring into view once it is there
    store.on("workspace place", () => this.#frame(onMenu));
    store.on("messages", () => this.#messages());
  }

  #frame(onMenu) {
    const { channel } = this.store;
    if (!channel) return;
    patch(this.head, channelHeader(this.store, { onMenu }));
    const mark = channel.is_im ? "" : "#";
    this.composer.rename(`Message ${mark}${this.store.channelName(channel)}`);
    patch(this.foot, this.#writing(channel));
  }

  #writing(channel) {
    if (channel.is_archived)
      return el("p", { class: "closed" }, "This channel is archived. Nothing can be written here.");
    if (channel.is_member) return this.composer.node;
    const join = () =>
      attempt(async () => {
        await this.store.api.join(channel.id);
        await this.store.fetchWorkspace();
      });
    const button = el(
      "button",
      { type: "button", class: "button button-primary", id: "join", on: { click: join } },
      "Join channel",
    );
    return div("closed", el("p", {}, `You are looking at #${channel.name} from outside.`), button);
  }

  clear() {
    this.list.clear();
  }

  reveal(ts) {
    this.wanted = ts;
    this.#meet();
  }

  #messages() {
    const { channel } = this.store;
    if (!channel) return;
    const empty = div(
      "empty",
      el("h3", {}, `This is the very beginning of ${channel.is_im ? "" : "#"}${this.store.channelName(channel)}`),
      el("p", { class: "quiet" }, channel.purpose?.value ?? channel.purpose ?? ""),
    );
    this.list.show(this.store.messages, { empty });
    this.#meet();
  }

  #meet() {
    if (this.wanted && this.list.reveal(this.wanted)) this.wanted = null;
  }
}
