// What floats over the page: menus, panels, dialogs, toasts. One menu at a time; Esc closes the topmost thing.

import { div, el, fill, span } from "./dom.js";
import { words } from "./mrkdwn.js";

const layer = () => document.getElementById("layer");
const GAP = 6;
const TOAST_MS = 6000;
let open = null;

/** Shows `content` beside `anchor` until something else is clicked; returns the function that closes it. */
export function panel(anchor, content, { role = "dialog", label = "" } = {}) {
  open?.();
  const box = el("div", { class: "panel", role, "aria-label": label || undefined, tabindex: "-1" }, content);
  const away = (event) => {
    if (!box.contains(event.target) && !anchor.contains(event.target)) close();
  };
  const keys = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
    anchor.focus();
  };
  function close() {
    box.remove();
    document.removeEventListener("pointerdown", away, true);
    document.removeEventListener("keydown", keys, true);
    anchor.setAttribute("aria-expanded", "false");
    if (open === close) open = null;
  }
  layer().append(box);
  place(box, anchor.getBoundingClientRect());
  document.addEventListener("pointerdown", away, true);
  document.addEventListener("keydown", keys, true);
  anchor.setAttribute("aria-expanded", "true");
  open = close;
  return close;
}

function place(box, anchor) {
  const { width, height } = box.getBoundingClientRect();
  const below = anchor.bottom + GAP + height <= innerHeight;
  const top = below ? anchor.bottom + GAP : Math.max(GAP, anchor.top - GAP - height);
  box.style.top = `${top}px`;
  box.style.left = `${Math.max(GAP, Math.min(anchor.left, innerWidth - width - GAP))}px`;
}

/** `items`: {label, hint?, current?, run}; arrows move, Enter chooses. */
export function menu(anchor, items, { label = "Menu", empty = "Nothing here" } = {}) {
  const choose = (item) => {
    close();
    item.run();
  };
  const buttons = items.map((item) =>
    el(
      "button",
      {
        type: "button",
        role: "menuitem",
        class: "menu-item",
        "aria-current": item.current ? "true" : undefined,
        data: item.data ?? {},
        on: { click: () => choose(item) },
      },
      span("menu-label", item.label),
      item.hint && span("menu-hint", item.hint),
    ),
  );
  const list = el(
    "div",
    { class: "menu", on: { keydown: (event) => step(event, buttons) } },
    buttons.length ? buttons : el("p", { class: "quiet" }, empty),
  );
  const close = panel(anchor, list, { role: "menu", label });
  buttons[0]?.focus();
}

function step(event, buttons) {
  const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!move) return;
  event.preventDefault();
  const at = buttons.indexOf(document.activeElement);
  buttons[(at + move + buttons.length) % buttons.length]?.focus();
}

/** A dialog over everything; `build(close)` gives its content. Esc and the backdrop call `onClose`, once. */
export function dialog({ label, className = "", build, onClose = () => {} }) {
  const before = document.activeElement;
  const box = el("dialog", { class: `dialog ${className}`, "aria-label": label });
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    box.close();
    box.remove();
    before?.focus?.({ preventScroll: true });
  };
  const dismiss = () => {
    close();
    onClose();
  };
  box.addEventListener("cancel", (event) => {
    event.preventDefault();
    dismiss();
  });
  box.addEventListener("pointerdown", (event) => event.target === box && dismiss());
  fill(box, build(close, dismiss));
  layer().append(box);
  box.showModal();
  return { box, close, dismiss };
}

/** Asks as a Block Kit confirmation object wants it asked; true when the person agrees. */
export function confirmed(confirm, names) {
  return new Promise((resolve) => {
    const answer = (close, value) => () => {
      close();
      resolve(value);
    };
    const label = confirm.title?.text ?? "Are you sure?";
    const yes = `button ${confirm.style === "danger" ? "button-danger" : "button-primary"}`;
    const build = (close) => [
      el("header", { class: "dialog-head" }, el("h2", {}, words(confirm.title ?? label, names))),
      div("dialog-body text", words(confirm.text, names)),
      el(
        "footer",
        { class: "dialog-foot" },
        el(
          "button",
          { type: "button", class: "button", data: { confirm: "no" }, on: { click: answer(close, false) } },
          words(confirm.deny ?? "Cancel", names),
        ),
        el(
          "button",
          { type: "button", class: yes, data: { confirm: "yes" }, on: { click: answer(close, true) } },
          words(confirm.confirm ?? "Yes", names),
        ),
      ),
    ];
    dialog({ label, className: "dialog-small", build, onClose: () => resolve(false) });
  });
}

export function toast(text) {
  const note = div("toast", text);
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), TOAST_MS);
}

/** Runs what a person asked for; a refusal is shown instead of lost. */
export async function attempt(work) {
  try {
    return await work();
  } catch (problem) {
    toast(`That did not work: ${problem.message}`);
    return undefined;
  }
}
