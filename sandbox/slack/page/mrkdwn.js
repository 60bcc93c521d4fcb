// Slack's mrkdwn as nodes. See docs.slack.dev, "Formatting message text".

import { div, el, link, span } from "./dom.js";
import { withEmoji } from "./emoji.js";

const STYLES = { "*": "strong", _: "em", "~": "s" };
const BROADCASTS = new Set(["channel", "here", "everyone"]);
const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };
const ADDRESS = /^https?:\/\/[^\s<>|`]*[^\s<>|`.,;:!?'")\]}]/;
const WORD = /[\p{L}\p{N}]/u;
const ITEM = /^(\s*)(•|◦|▪︎|-|\d{1,3}\.)\s+(.*)$/;

export const decode = (text) => text.replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity]);

/** `names`: a Store, for who and where <@U1> and <#C1> are. */
export function mrkdwn(text, names) {
  const nodes = [];
  // Odd pieces stand between a pair of triple backticks.
  const pieces = String(text ?? "").split("```");
  const open = pieces.length % 2 === 0;
  pieces.forEach((piece, index) => {
    const unclosed = open && index === pieces.length - 1;
    if (index % 2 && !unclosed) nodes.push(el("pre", { class: "pre" }, plainWithLinks(piece.replace(/^\n|\n$/g, ""))));
    else nodes.push(...lines(unclosed ? "```" + piece : trimAround(piece, index, pieces.length), names));
  });
  return nodes;
}

/** A Block Kit text object, as nodes. */
export function words(text, names) {
  if (!text) return [];
  if (typeof text === "string") return withEmoji(text);
  return text.type === "mrkdwn"
    ? mrkdwn(text.text, names)
    : withEmoji(text.text ?? "", { shortNames: text.emoji !== false });
}

function trimAround(piece, index, count) {
  const fromStart = index > 0 ? piece.replace(/^\n/, "") : piece;
  return index < count - 1 ? fromStart.replace(/\n$/, "") : fromStart;
}

function plainWithLinks(text) {
  return text.split(/(<[^<>\n]+>)/).map((part) => {
    const found = /^<(https?:[^|>]+)(?:\|([^>]+))?>$/.exec(part);
    return found ? decode(found[2] ?? found[1]) : decode(part);
  });
}

function lines(text, names) {
  if (text === "") return [];
  const groups = [];
  let quoting = false;
  for (const line of text.split("\n")) {
    const quoted = /^(?:&gt;|>)(?:(&gt;&gt;|>>))? ?(.*)$/.exec(line);
    if (quoted?.[1]) quoting = true; // ">>>" quotes all that follows
    const kind = quoted || quoting ? "quote" : ITEM.test(line) ? "item" : "plain";
    const content = quoted ? quoted[2] : line;
    if (groups.at(-1)?.kind === kind) groups.at(-1).lines.push(content);
    else groups.push({ kind, lines: [content] });
  }
  return groups.map((group) => RENDER[group.kind](group.lines, names));
}

const RENDER = {
  quote: (group, names) => el("blockquote", { class: "quote" }, broken(group, names)),
  plain: (group, names) => span("lines", broken(group, names)),
  item: (group, names) =>
    div(
      "items",
      group.map((line) => item(line, names)),
    ),
};

function item(line, names) {
  const [, indent, bullet, rest] = ITEM.exec(line);
  const node = el(
    "div",
    { class: "item" },
    span("bullet", bullet === "-" ? "•" : bullet),
    el("span", {}, inline(rest, names)),
  );
  node.style.marginInlineStart = `${Math.min(indent.length, 12) * 0.5}em`;
  return node;
}

function broken(group, names) {
  return group.flatMap((line, index) => (index ? [el("br"), ...inline(line, names)] : inline(line, names)));
}

/** One line: bold, italic, strike, code, links, mentions, emoji. */
export function inline(text, names) {
  const nodes = [];
  const closeless = new Set(); // marks without a closing partner from here on: looked for only once
  let plain = "";
  const flush = () => {
    if (plain) nodes.push(...withEmoji(decode(plain)));
    plain = "";
  };
  let at = 0;
  while (at < text.length) {
    const found = token(text, at, names, closeless);
    if (found === null) {
      plain += text[at];
      at += 1;
    } else {
      flush();
      nodes.push(found.node);
      at = found.end;
    }
  }
  flush();
  return nodes;
}

function token(text, at, names, closeless) {
  const mark = text[at];
  if (mark === "`") return code(text, at, closeless);
  if (mark === "<") return bracket(text, at, names);
  if (mark in STYLES) return styled(text, at, names, closeless);
  if (mark === "h" && !WORD.test(text[at - 1] ?? "")) return bare(text, at);
  return null;
}

function code(text, at, closeless) {
  if (closeless.has("`")) return null;
  const end = text.indexOf("`", at + 1);
  if (end < 0) closeless.add("`");
  if (end <= at + 1) return null;
  return { node: el("code", { class: "code" }, plainWithLinks(text.slice(at + 1, end))), end: end + 1 };
}

function bare(text, at) {
  const found = ADDRESS.exec(text.slice(at, at + 3000));
  if (!found) return null;
  const address = decode(found[0]);
  return { node: link(address, address), end: at + found[0].length };
}

function styled(text, at, names, closeless) {
  const mark = text[at];
  if (closeless.has(mark) || WORD.test(text[at - 1] ?? "") || !/\S/.test(text[at + 1] ?? "")) return null;
  const end = closing(text, at + 1, mark);
  if (end < 0) closeless.add(mark);
  if (end <= at + 1) return null;
  return { node: el(STYLES[mark], {}, inline(text.slice(at + 1, end), names)), end: end + 1 };
}

function closing(text, from, mark) {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "<" || text[at] === "`") {
      const skip = text.indexOf(text[at] === "<" ? ">" : "`", at + 1);
      if (skip > 0) at = skip;
    } else if (text[at] === mark && /\S/.test(text[at - 1]) && !WORD.test(text[at + 1] ?? "")) return at;
  }
  return -1;
}

function bracket(text, at, names) {
  const end = text.indexOf(">", at);
  if (end < 0) return null;
  const node = reference(text.slice(at + 1, end), names);
  return node === null ? null : { node, end: end + 1 };
}

function reference(inside, names) {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? "" : decode(inside.slice(bar + 1));
  if (/^@[UWB]/.test(target)) return mention(target.slice(1), names, label);
  if (/^#C/.test(target)) return channelLink(target.slice(1), names, label);
  if (target.startsWith("!")) return special(target.slice(1), label);
  if (/^(https?:|mailto:|tel:)/i.test(target)) return link(decode(target), label ? withEmoji(label) : decode(target));
  return null;
}

export function mention(id, names, label = "") {
  const mine = names.me?.id === id ? " mention-me" : "";
  return el("span", { class: `mention${mine}`, data: { user: id } }, `@${names.person(id)?.name ?? (label || id)}`);
}

export function channelLink(id, names, label = "") {
  const name = names.channels.get(id)?.name ?? label;
  return el("a", { class: "mention", href: `#/${id}` }, `#${name || id}`);
}

function special(target, label) {
  const [kind, ...rest] = target.split("^");
  if (BROADCASTS.has(kind)) return broadcast(kind);
  if (kind === "subteam") return groupMention(rest[0], names, label);
  if (kind === "date") return moment(Number(rest[0]), rest[1] ?? "{date} {time}", label);
  return span("mention", label || `@${kind}`);
}

export function groupMention(id, names, label = "") {
  return span("mention", label || `@${names.groups.get(id)?.handle ?? id}`);
}

export const broadcast = (range) => span("mention mention-all", `@${range}`);

const SPANS = [
  [86400, "day"],
  [3600, "hour"],
  [60, "minute"],
];

function ago(when) {
  const seconds = (when.getTime() - Date.now()) / 1000;
  const [size, unit] = SPANS.find(([size]) => Math.abs(seconds) >= size) ?? [1, "second"];
  return new Intl.RelativeTimeFormat([], { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
}

/** Slack's date tokens: {date}, {date_short}, {time}, {ago} and the like, in the reader's own zone. */
export function moment(seconds, format, fallback) {
  const when = new Date(seconds * 1000);
  if (Number.isNaN(when.getTime())) return el("span", {}, fallback);
  const day = when.toLocaleDateString([], { year: "numeric", month: "long", day: "numeric" });
  const shown = format
    .replace(/\{date_num\}/g, when.toISOString().slice(0, 10))
    .replace(/\{(?:date|day)[a-z_]*\}/g, day)
    .replace(/\{time_secs\}/g, when.toLocaleTimeString([]))
    .replace(/\{time\}/g, when.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }))
    .replace(/\{ago\}/g, ago(when));
  return el("time", { datetime: when.toISOString(), title: when.toString() }, shown);
}
