// rich_text blocks as nodes. See docs.slack.dev, "Rich text block".

import { div, el, link } from "./dom.js";
import { emoji, withEmoji } from "./emoji.js";
import { broadcast, channelLink, groupMention, mention, moment } from "./mrkdwn.js";

export function richText(block, names) {
  return div(
    "rich-text",
    (block.elements ?? []).map((part) => piece(part, names)),
  );
}

function piece(part, names) {
  const inside = () => spans(part.elements ?? [], names);
  if (part.type === "rich_text_section") return div("rich-section", inside());
  if (part.type === "rich_text_quote") return el("blockquote", { class: "quote" }, inside());
  if (part.type === "rich_text_preformatted") return el("pre", { class: "pre" }, inside());
  if (part.type === "rich_text_list") return list(part, names);
  return unknown(part.type);
}

function list(part, names) {
  const ordered = part.style === "ordered";
  const items = (part.elements ?? []).map((item) => el("li", {}, spans(item.elements ?? [], names)));
  const start = ordered && part.offset ? part.offset + 1 : undefined;
  return el(ordered ? "ol" : "ul", { class: `list indent-${Math.min(part.indent ?? 0, 8)}`, start }, items);
}

const spans = (elements, names) => elements.map((element) => styled(element, span(element, names)));

function span(element, names) {
  switch (element.type) {
    case "text":
      return lineBroken(element.text ?? "");
    case "link":
      return [link(element.url, element.text || element.url)];
    case "user":
      return [mention(element.user_id, names)];
    case "usergroup":
      return [groupMention(element.usergroup_id, names)];
    case "channel":
      return [channelLink(element.channel_id, names)];
    case "broadcast":
      return [broadcast(element.range)];
    case "emoji":
      return [emoji(element.name)];
    case "date":
      return [moment(element.timestamp, element.format ?? "{date} {time}", element.fallback ?? "")];
    case "color":
      return [el("code", { class: "code" }, element.value)];
    default:
      return [unknown(element.type)];
  }
}

function lineBroken(text) {
  return text
    .split("\n")
    .flatMap((line, index) => [...(index ? [el("br")] : []), ...withEmoji(line, { shortNames: false })]);
}

function styled(element, nodes) {
  const style = element.style ?? {};
  let inner = nodes;
  if (style.code) inner = [el("code", { class: "code" }, inner)];
  if (style.strike) inner = [el("s", {}, inner)];
  if (style.italic) inner = [el("em", {}, inner)];
  if (style.bold) inner = [el("strong", {}, inner)];
  return inner;
}

export const unknown = (type) => div("unknown", `[${type || "something"} is not shown here]`);
