// Puts the page together: address -> place, notes from the sandbox -> what to fetch again.

import { ChannelPane } from "./channel_pane.js";
import { fill } from "./dom.js";
import { HomePane } from "./home.js";
import { listen } from "./live.js";
import { Modals } from "./modal.js";
import { attempt } from "./popover.js";
import { go, here, toChannel } from "./route.js";
import { sidebar } from "./sidebar.js";
import { Store } from "./state.js";
import { ThreadPane } from "./thread_pane.js";

const byId = (id) => document.getElementById(id);
const store = new Store();
const drawer = (open) => byId("workspace").classList.toggle("drawer-open", open);
const onMenu = () => drawer(!byId("workspace").classList.contains("drawer-open"));

sidebar(store, byId("sidebar"), { onPerson: (person) => attempt(() => enter(person)) });
const channelPane = new ChannelPane(store, { onMenu });
const homePane = new HomePane(store, { onMenu });
new ThreadPane(store, byId("thread"));
new Modals(store);
store.on("workspace place read", retitle);

function retitle() {
  const where = store.place.home ? store.bot?.name : store.channel ? store.channelName(store.channel) : "";
  document.title = [where, store.team].filter(Boolean).join(" · ") || "Sandbox workspace";
}

/** Becomes `person` (undefined: the first one) and shows the place of the address. */
async function enter(person) {
  store.as = person;
  store.notices = [];
  await store.fetchWorkspace();
  channelPane.clear();
  store.place = { channel: null, thread: null, home: false };
  await arrive();
  await store.fetchViews();
}

function start() {
  const joined = [...store.channels.values()].filter(
    (channel) => channel.is_member && !channel.is_archived && !channel.is_im,
  );
  return joined.find((channel) => channel.name === "incidents")?.id ?? joined[0]?.id ?? null;
}

async function arrive() {
  const wanted = here();
  if (!wanted.home && !store.channels.has(wanted.channel)) await store.fetchWorkspace(); // it may be new
  const channel = wanted.home ? null : store.channels.has(wanted.channel) ? wanted.channel : start();
  if (!wanted.home && channel !== wanted.channel) {
    if (channel) history.replaceState(null, "", toChannel(channel));
  }
  const before = store.place;
  const thread = channel === wanted.channel ? wanted.thread : null;
  store.place = { channel, thread, home: wanted.home };
  if (before.channel !== channel) {
    store.messages = [];
    channelPane.clear();
  }
  const pane = wanted.home ? homePane.node : channelPane.node;
  if (!pane.isConnected) fill(byId("main"), pane); // putting it in again would lose where one had scrolled to
  drawer(false);
  store.tell("place");
  if (wanted.home) await attempt(() => store.api.openHome("home"));
  await Promise.all([wanted.home ? store.fetchHome() : store.fetchMessages(), thread && store.fetchReplies()]);
  if (wanted.at) channelPane.reveal(wanted.at);
  if (thread && before.thread !== thread) byId("thread-composer").focus({ preventScroll: true });
}

/** What a note of the sandbox makes the page fetch again. */
const FETCHES = {
  message: (note) => [...shown(note), store.fetchWorkspace()],
  message_changed: (note) => shown(note),
  message_deleted: (note) => shown(note),
  reaction: (note) => shown(note),
  ephemeral: (note) => shown(note),
  status: () => [store.fetchWorkspace()],
  pin: (note) => [...shown(note), store.fetchWorkspace()],
  bookmark: () => [store.fetchWorkspace()],
  channel: (note) => [...shown(note), store.fetchWorkspace()],
  view: () => [store.fetchViews()],
  home: () => (store.place.home ? [store.fetchHome()] : []),
};

function shown(note) {
  if (note.channel !== store.place.channel) return [];
  return [store.fetchMessages(), store.place.thread && store.fetchReplies()];
}

function everything() {
  return [
    store.fetchWorkspace(),
    store.fetchMessages(),
    store.fetchReplies(),
    store.fetchViews(),
    store.place.home && store.fetchHome(),
  ];
}

const quietly = (fetches) => Promise.allSettled(fetches); // a lost connection has its own banner

function closeOnEscape(event) {
  if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (byId("workspace").classList.contains("drawer-open")) drawer(false);
  else if (store.place.thread) go(toChannel(store.place.channel));
}

addEventListener("hashchange", () => attempt(arrive));
addEventListener("popstate", () => here().as && here().as !== store.as && attempt(() => enter(here().as)));
addEventListener("keydown", closeOnEscape);
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the part after "#" says where one is
  byId("composer")?.focus();
});
byId("main").addEventListener("pointerdown", (event) => !event.target.closest(".drawer-button") && drawer(false));

/** Listens before the first fetch: what happens in between is in one or the other. */
async function begin() {
  let entered = false;
  let missed = false;
  await listen({
    onNote: (note) => (entered ? quietly(FETCHES[note.type]?.(note) ?? []) : (missed = true)),
    onLost: () => (byId("banner").hidden = false),
    onBack: () => {
      byId("banner").hidden = true;
      quietly(store.me ? everything() : [enter(here().as)]);
    },
  });
  await attempt(() => enter(here().as));
  entered = true;
  if (missed) quietly(everything());
}

await begin();
