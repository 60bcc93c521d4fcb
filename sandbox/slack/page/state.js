// What the page knows about the workspace. It only changes by fetching; whoever shows something listens for changes.

import { connect } from "./api.js";
import { markRead } from "./reading.js";

/** Runs `task` at once; calls that come meanwhile are answered by one more run after it. */
export function coalesced(task) {
  let running = null;
  let again = null;
  return function run() {
    if (running === null) {
      running = task().finally(() => (running = null));
      return running;
    }
    again ??= running.catch(() => {}).then(() => ((again = null), run()));
    return again;
  };
}

/** Events: "workspace" (people, channels), "place", "messages", "replies", "views", "home", "person". */
export class Store extends EventTarget {
  constructor() {
    super();
    this.as = undefined;
    this.api = connect(() => this.as);
    this.team = "";
    this.me = null;
    this.people = new Map();
    this.channels = new Map();
    this.groups = new Map();
    this.agents = []; // what the app says it is doing, by channel and thread_ts
    this.commands = [];
    this.shortcuts = [];
    this.hints = []; // what one can try now, one sentence each
    this.place = { channel: null, thread: null, home: false };
    this.messages = [];
    this.replies = [];
    this.views = [];
    this.home = null;
    this.notices = []; // answers only this page has seen: {channel, ts, text}
    this.fetchWorkspace = coalesced(() => this.#loadWorkspace());
    this.fetchMessages = coalesced(() => this.#loadMessages());
    this.fetchReplies = coalesced(() => this.#loadReplies());
    this.fetchViews = coalesced(() => this.#loadViews());
    this.fetchHome = coalesced(() => this.#loadHome());
  }

  person(id) {
    return this.people.get(id);
  }

  get bot() {
    return [...this.people.values()].find((person) => person.is_bot);
  }

  get channel() {
    return this.channels.get(this.place.channel);
  }

  channelName(channel) {
    return channel.is_im ? (this.person(channel.user)?.name ?? this.bot?.name ?? channel.name) : channel.name;
  }

  /** "is thinking…" and the like, for the open thread. */
  get doing() {
    const { channel, thread } = this.place;
    return this.agents.find((agent) => agent.channel === channel && agent.thread_ts === thread)?.status ?? "";
  }

  tell(what) {
    this.dispatchEvent(new Event(what));
  }

  on(what, handler) {
    for (const name of what.split(" ")) this.addEventListener(name, handler);
  }

  async #loadWorkspace() {
    const asked = this.as;
    const found = await this.api.state();
    if (asked !== this.as) return;
    this.team = typeof found.team === "string" ? found.team : (found.team?.name ?? "");
    this.people = new Map(found.people.map((person) => [person.id, person]));
    this.channels = new Map(found.channels.map((channel) => [channel.id, channel]));
    this.me = this.people.get(found.me?.id ?? found.me);
    this.as = this.me.id;
    this.groups = new Map((found.groups ?? []).map((group) => [group.id, group]));
    this.agents = found.agent_status ?? [];
    this.commands = found.commands ?? [];
    this.shortcuts = found.shortcuts ?? [];
    this.hints = found.hints ?? [];
    this.tell("workspace");
  }

  async #loadMessages() {
    const { channel } = this.place;
    const asked = this.as;
    if (channel === null) return;
    const found = await this.api.messages(channel);
    if (channel !== this.place.channel || asked !== this.as) return;
    this.messages = this.#withNotices(found.messages, channel);
    this.read(channel, this.messages);
    this.tell("messages");
  }

  async #loadReplies() {
    const { channel, thread } = this.place;
    const asked = this.as;
    if (channel === null || thread === null) return;
    const found = await this.api.messages(channel, thread);
    if (channel !== this.place.channel || thread !== this.place.thread || asked !== this.as) return;
    this.replies = found.messages;
    this.tell("replies");
  }

  async #loadViews() {
    const asked = this.as;
    const found = await this.api.views();
    if (asked !== this.as) return;
    this.views = found.views;
    this.tell("views");
  }

  async #loadHome() {
    const asked = this.as;
    const found = await this.api.home();
    if (asked !== this.as) return;
    this.home = found.view ?? null;
    this.tell("home");
  }

  #withNotices(messages, channel) {
    const own = this.notices.filter((notice) => notice.channel === channel);
    return own.length ? [...messages, ...own].sort((one, other) => Number(one.ts) - Number(other.ts)) : messages;
  }

  /** Shows `text` in the channel as an answer that only this person sees. */
  notice(channel, text) {
    const last = Number(this.messages.at(-1)?.ts ?? 0);
    const ts = Math.max(Date.now() / 1000, last + 0.0001).toFixed(6);
    this.notices.push({ channel, ts, text, user: this.bot ?? { id: "", name: "Slack" }, ephemeral: true, local: true });
    return this.fetchMessages();
  }

  read(channel, messages) {
    const newest = messages.filter((message) => !message.local).at(-1)?.ts;
    markRead(
      this.as,
      channel,
      Math.max(Number(newest ?? 0), Number(this.channels.get(channel)?.last_ts ?? 0)),
      this.channels,
    );
    this.tell("read");
  }
}
