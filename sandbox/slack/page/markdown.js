// Standard Markdown, as `markdown` blocks and streamed answers carry it, as nodes.

import { div, el, link } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { channelLink, mention } from "./mrkdwn.js";

const INLINE = [
  [/^\\([\\`*_{}[\]()#+\-.!~|>])/, (found) => found[1]],
  [/^(`+)([\s\S]+?)\1(?!`)/, (found) => el("code", { class: "code" }, found[2].replace(/^ (.+) $/, "$1"))],
  [
    /^!?\[((?:[^[\]\\]|\\.)*)\]\(<?([^\s()<>]+(?:\([^\s()]*\)[^\s()]*)?)>?(?:\s+"[^"]*")?\)/,
    (found, names) => link(found[2], inline(found[1] || found[2], names)),
  ],
  [/^<(https?:[^|>\s]+)(?:\|([^>]+))?>/, (found) => link(found[1], found[2] ?? found[1])],
  [/^<@([UWB][A-Z0-9]+)(?:\|[^>]*)?>/, (found, names) => mention(found[1], names)],
  [/^<#(C[A-Z0-9]+)(?:\|([^>]*))?>/, (found, names) => channelLink(found[1], names, found[2])],
  [/^\*\*\*(?=\S)([\s\S]*?\S)\*\*\*/, (found, names) => el("strong", {}, el("em", {}, inline(found[1], names)))],
  [/^(\*\*|__)(?=\S)([\s\S]*?\S)\1/, (found, names) => el("strong", {}, inline(found[2], names))],
  [/^~~(?=\S)([\s\S]*?\S)~~/, (found, names) => el("s", {}, inline(found[1], names))],
  [/^\*(?=\S)([^*]*?[^\s*])\*(?!\*)/, (found, names) => el("em", {}, inline(found[1], names))],
  [/^_(?=\S)([^_]*?[^\s_])_(?![\p{L}\p{N}])/u, (found, names) => el("em", {}, inline(found[1], names))],
  [/^https?:\/\/[^\s<>|`]*[^\s<>|`.,;:!?'")\]}*_]/, (found) => link(found[0], found[0])],
];
const STARTS = /[\\`![<*_~h]/;
const WORD = /[\p{L}\p{N}]/u;

function inline(text, names) {
  const nodes = [];
  let plain = "";
  let at = 0;
  const flush = () => {
    if (plain) nodes.push(...withEmoji(plain));
    plain = "";
  };
  while (at < text.length) {
    const found = STARTS.test(text[at]) ? token(text, at, names) : null;
    if (found === null) plain += text[at];
    else {
      flush();
      nodes.push(found.node);
    }
    at = found?.end ?? at + 1;
  }
  flush();
  return nodes;
}

function token(text, at, names) {
  const inWord = WORD.test(text[at - 1] ?? "");
  if (inWord && (text[at] === "_" || text[at] === "h")) return null;
  const rest = text.slice(at);
  for (const [pattern, render] of INLINE) {
    const found = pattern.exec(rest);
    if (found) return { node: render(found, names), end: at + found[0].length };
  }
  return null;
}

const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const ITEM = /^(\s*)([-*+•]|\d{1,9}[.)])\s+(.*)$/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)+\|?\s*$/;

export function markdown(text, names) {
  const lines = String(text ?? "").split("\n");
  const nodes = [];
  let at = 0;
  while (at < lines.length) {
    const { node, next } = block(lines, at, names);
    if (node) nodes.push(node);
    at = next;
  }
  return div("markdown", nodes);
}

function block(lines, at, names) {
  const line = lines[at];
  if (!line.trim()) return { node: null, next: at + 1 };
  const fence = /^\s*(```+|~~~+)/.exec(line);
  if (fence) return fenced(lines, at, fence[1]);
  const heading = HEADING.exec(line);
  if (heading) {
    const level = Math.min(heading[1].length + 2, 6); // below the page's own headings
    return {
      node: el(`h${level}`, { class: `heading heading-${heading[1].length}` }, inline(heading[2], names)),
      next: at + 1,
    };
  }
  if (RULE.test(line)) return { node: el("hr", { class: "divider" }), next: at + 1 };
  if (line.startsWith(">")) return quote(lines, at, names);
  if (ITEM.test(line)) return list(lines, at, names);
  if (line.includes("|") && TABLE_RULE.test(lines[at + 1] ?? "")) return table(lines, at, names);
  return paragraph(lines, at, names);
}

const taken = (lines, at, belongs) => {
  let end = at;
  while (end < lines.length && belongs(lines[end], end)) end += 1;
  return end;
};

function fenced(lines, at, fence) {
  const end = taken(lines, at + 1, (line) => !line.trim().startsWith(fence));
  return { node: el("pre", { class: "pre" }, lines.slice(at + 1, end).join("\n")), next: end + 1 };
}

function quote(lines, at, names) {
  const end = taken(lines, at, (line) => line.startsWith(">"));
  const inner = lines.slice(at, end).map((line) => line.replace(/^> ?/, ""));
  return { node: el("blockquote", { class: "quote" }, markdown(inner.join("\n"), names)), next: end };
}

function list(lines, at, names) {
  const [, indent, first] = ITEM.exec(lines[at]);
  const ordered = /\d/.test(first);
  const items = [];
  let next = at;
  while (next < lines.length) {
    const found = ITEM.exec(lines[next]);
    if (!found || found[1].length < indent.length || /\d/.test(found[2]) !== ordered) break;
    const end = taken(lines, next + 1, (line) => line.trim() !== "" && /^\s*/.exec(line)[0].length > indent.length);
    const children = lines
      .slice(next + 1, end)
      .map((line) => line.slice(Math.min(indent.length + 2, /^\s*/.exec(line)[0].length)));
    items.push(listItem(found[3], children, names));
    next = end;
  }
  const start = ordered ? parseInt(first, 10) : undefined;
  return { node: el(ordered ? "ol" : "ul", { class: "list", start }, items), next };
}

function listItem(text, children, names) {
  const task = /^\[([ xX])\]\s+(.*)$/.exec(text);
  const box = task && el("input", { type: "checkbox", checked: task[1] !== " ", disabled: true });
  return el(
    "li",
    {},
    box,
    inline(task ? task[2] : text, names),
    children.length ? markdown(children.join("\n"), names) : null,
  );
}

const cells = (line) =>
  line
    .trim()
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());

function table(lines, at, names) {
  const end = taken(lines, at + 2, (line) => line.includes("|"));
  const head = el(
    "tr",
    {},
    cells(lines[at]).map((cell) => el("th", { scope: "col" }, inline(cell, names))),
  );
  const rows = lines.slice(at + 2, end).map((line) =>
    el(
      "tr",
      {},
      cells(line).map((cell) => el("td", {}, inline(cell, names))),
    ),
  );
  const node = div("table-frame", el("table", { class: "table" }, el("thead", {}, head), el("tbody", {}, rows)));
  return { node, next: end };
}

function paragraph(lines, at, names) {
  const end = taken(lines, at, (line, index) => index === at || !startsSomething(line, lines[index + 1]));
  const parts = lines
    .slice(at, end)
    .flatMap((line, index) => [...(index ? [el("br")] : []), ...inline(line.trim(), names)]);
  return { node: el("p", {}, parts), next: end };
}

const startsSomething = (line, after) =>
  !line.trim() ||
  HEADING.test(line) ||
  RULE.test(line) ||
  ITEM.test(line) ||
  /^(>|\s*```|\s*~~~)/.test(line) ||
  (line.includes("|") && TABLE_RULE.test(after ?? ""));
