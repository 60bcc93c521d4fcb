// Choosing an emoji.

import { div, el, fill } from "./dom.js";
import { FREQUENT, emoji, emojiNames, isAlias } from "./emoji.js";
import { panel } from "./popover.js";

export function pickEmoji(anchor, onPick) {
  const grid = div("emoji-grid");
  const choose = (name) => {
    close();
    onPick(name);
  };
  const cell = (name) =>
    el(
      "button",
      {
        type: "button",
        class: "emoji-cell",
        "aria-label": name,
        title: `:${name}:`,
        data: { pick: name },
        on: { click: () => choose(name) },
      },
      emoji(name),
    );
  const show = (wanted) => {
    const names = wanted
      ? emojiNames().filter((name) => name.includes(wanted))
      : [...new Set([...FREQUENT, ...emojiNames()])].filter((name) => !isAlias(name));
    fill(grid, names.length ? names.map(cell) : el("p", { class: "quiet" }, "No emoji has that name"));
  };
  const search = el("input", {
    class: "field",
    type: "search",
    placeholder: "Find an emoji",
    "aria-label": "Find an emoji",
    on: {
      input: () => show(search.value.trim().replaceAll(":", "").toLowerCase()),
      keydown: (event) => event.key === "Enter" && grid.querySelector("button")?.click(),
    },
  });
  show("");
  const close = panel(anchor, div("emoji-picker", search, grid), { label: "Emoji" });
  search.focus();
}
