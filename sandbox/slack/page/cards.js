// The blocks of agents: what they are doing (task_card, plan), alerts and cards.

import { div, el, link, span } from "./dom.js";
import { words } from "./mrkdwn.js";
import { richText } from "./rich_text.js";

const TASK_STATES = {
  pending: ["○", "waiting"],
  in_progress: ["", "in progress"],
  complete: ["✓", "done"],
  error: ["!", "failed"],
};

export function taskCard(block, surface) {
  const [sign, said] = TASK_STATES[block.status] ?? TASK_STATES.pending;
  const rich = (given) =>
    given && (given.type === "rich_text" ? richText(given, surface.names) : words(given, surface.names));
  const sources = (block.sources ?? []).map((source) => link(source.url, source.text || source.url));
  const title = div("task-title", words(block.title, surface.names), span("unseen", ` (${said})`));
  const body = el(
    "div",
    { class: "task-body" },
    title,
    block.details && div("task-details", rich(block.details)),
    block.output && div("task-output", rich(block.output)),
    sources.length > 0 && div("task-sources", sources),
  );
  const state = TASK_STATES[block.status] ? block.status : "pending";
  return el(
    "div",
    { class: `task task-${state}`, data: { status: state } },
    el("span", { class: "task-sign", "aria-hidden": "true" }, sign),
    body,
  );
}

export function planBlock(block, surface) {
  const tasks = block.tasks ?? [];
  const done = tasks.filter((task) => task.status === "complete").length;
  const heading = div("plan-title", words(block.title, surface.names), span("quiet", ` ${done} of ${tasks.length}`));
  return div(
    "plan",
    heading,
    tasks.map((task) => taskCard(task, surface)),
  );
}

const LEVELS = new Set(["default", "info", "warning", "error", "success"]);

export function alertBlock(block, surface) {
  const level = LEVELS.has(block.level) ? block.level : "default";
  return el("div", { class: `alert alert-${level}`, role: "note" }, div("text", words(block.text, surface.names)));
}

export function cardBlock(block, surface, { picture, part }) {
  return el(
    "div",
    { class: "card" },
    block.hero_image && picture(block.hero_image, "card-hero"),
    block.icon && picture(block.icon, "card-icon", false),
    block.title && div("card-title", words(block.title, surface.names)),
    block.subtitle && div("quiet", words(block.subtitle, surface.names)),
    block.body && div("text", words(block.body, surface.names)),
    block.actions &&
      div(
        "block-actions",
        block.actions.map((given) => part(given, block, surface)),
      ),
  );
}

export function carouselBlock(block, surface, tools) {
  const cards = (block.elements ?? []).map((card) => cardBlock({ ...card, block_id: block.block_id }, surface, tools));
  return el("div", { class: "carousel", tabindex: "0", role: "region", "aria-label": "Cards" }, cards);
}
