// Block Kit as nodes, one function a block type. See docs.slack.dev, "Blocks".

import { alertBlock, cardBlock, carouselBlock, planBlock, taskCard } from "./cards.js";
import { div, el, safeImage, span } from "./dom.js";
import { element } from "./elements.js";
import { enlarge } from "./lightbox.js";
import { markdown } from "./markdown.js";
import { words } from "./mrkdwn.js";
import { richText, unknown } from "./rich_text.js";

/** `surface`: who shows the blocks, see elements.js. */
export function blocks(given, surface) {
  return (given ?? []).map((block) => one(block, surface));
}

function one(block, surface) {
  const render = BLOCKS[block.type];
  const node = render ? render(block, surface) : unknown(block.type);
  node.dataset.blockId = block.block_id ?? "";
  node.dataset.block = block.type;
  return node;
}

function header(block, surface) {
  return el("h3", { class: "block-header" }, words(block.text, surface.names));
}

function section(block, surface) {
  const text = block.text && div("text", words(block.text, surface.names));
  const fields =
    block.fields &&
    div(
      "fields",
      block.fields.map((field) => div("text", words(field, surface.names))),
    );
  const accessory = block.accessory && div("accessory", part(block.accessory, block, surface));
  return div("block-section", div("section-body", text, fields), accessory);
}

function part(given, block, surface) {
  return given.type === "image" ? picture(given, "thumbnail") : element(given, block.block_id, surface);
}

function context(block, surface) {
  const piece = (given) =>
    given.type === "image" ? picture(given, "context-image", false) : span("text", words(given, surface.names));
  return div("block-context", (block.elements ?? []).map(piece));
}

function actions(block, surface) {
  return div(
    "block-actions",
    (block.elements ?? []).map((given) => part(given, block, surface)),
  );
}

function image(block, surface) {
  const title = block.title && el("figcaption", { class: "image-title" }, words(block.title, surface.names));
  return el("figure", { class: "block-image" }, title, picture(block, "image"));
}

/** An image that opens large on a click. `resolved_url` stands for a slack_file. */
export function picture(given, className, opens = true) {
  const url = safeImage(given.resolved_url ?? given.image_url ?? given.slack_file?.url ?? given.url ?? "");
  const alt = given.alt_text ?? given.alt ?? "";
  if (url === null) return span("unknown", `[image: ${alt || "no address"}]`);
  const [width, height] = [given.image_width ?? given.width, given.image_height ?? given.height];
  const shown = el("img", {
    class: className,
    src: url,
    alt,
    width: width || undefined,
    height: height || undefined,
    loading: "eager",
  });
  shown.addEventListener("error", () => shown.replaceWith(span("unknown", `[image not available: ${alt}]`)));
  if (!opens) return shown;
  return el(
    "button",
    {
      type: "button",
      class: "image-button",
      "aria-label": `Enlarge: ${alt || "image"}`,
      on: { click: () => enlarge(url, alt) },
    },
    shown,
  );
}

function input(block, surface) {
  const given = block.element ?? {};
  const id = surface.idOf?.(block.block_id, given.action_id);
  const optional = block.optional && span("optional", "(optional)");
  const grouped = ["checkboxes", "radio_buttons"].includes(given.type);
  const label = el(
    grouped ? "span" : "label",
    { class: "label", for: grouped ? undefined : id, id: `${id}-label` },
    words(block.label, surface.names),
    optional,
  );
  const tells = {
    ...surface,
    labelled: true,
    act: (...args) => (block.dispatch_action ? surface.act(...args) : undefined),
  };
  const field = element(given, block.block_id, tells);
  if (grouped) field.setAttribute("aria-labelledby", `${id}-label`);
  const error = surface.errors?.[block.block_id];
  const problem = error && el("p", { class: "problem", role: "alert", id: `${id}-error` }, error);
  if (error) mark(field, id);
  return div(
    `block-input${error ? " wrong" : ""}`,
    label,
    field,
    block.hint && el("p", { class: "hint" }, words(block.hint, surface.names)),
    problem,
  );
}

function mark(field, id) {
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", `${id}-error`);
}

function table(block, surface) {
  const align = (column) => (block.column_settings ?? [])[column]?.align;
  const cell = (given, column, tag) => {
    const node = el(tag, { scope: tag === "th" ? "col" : undefined }, content(given, surface));
    node.style.textAlign = ["left", "center", "right"].includes(align(column)) ? align(column) : "";
    return node;
  };
  const rows = (block.rows ?? []).map((row, index) =>
    el(
      "tr",
      {},
      row.map((given, column) => cell(given, column, index ? "td" : "th")),
    ),
  );
  const caption = block.caption && el("caption", {}, words(block.caption, surface.names));
  const body = el(
    "table",
    { class: "table" },
    caption,
    el("thead", {}, rows.slice(0, 1)),
    el("tbody", {}, rows.slice(1)),
  );
  return el("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": "Table" }, body);
}

function content(cell, surface) {
  if (cell?.type === "rich_text") return richText(cell, surface.names);
  return words(String(cell?.text ?? cell?.value ?? ""), surface.names);
}

function video(block, surface) {
  return div("unknown", "[video] ", words(block.title, surface.names));
}

const BLOCKS = {
  header,
  section,
  context,
  actions,
  context_actions: actions,
  divider: () => el("hr", { class: "divider" }),
  image,
  input,
  table,
  data_table: table,
  video,
  rich_text: (block, surface) => richText(block, surface.names),
  markdown: (block, surface) => markdown(block.text, surface.names),
  alert: alertBlock,
  task_card: taskCard,
  plan: planBlock,
  card: (block, surface) => cardBlock(block, surface, { picture, part }),
  carousel: (block, surface) => carouselBlock(block, surface, { picture, part }),
};
