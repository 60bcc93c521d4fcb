// A picture made of initials; apps get a sign of their own.

import { el, icon } from "./dom.js";

const HUES = 12;

export function avatar(person, size = "") {
  const name = person?.name ?? "?";
  if (person?.is_bot) return el("span", { class: `avatar avatar-app ${size}`, "aria-hidden": "true" }, icon("pulse"));
  const initials =
    name
      .split(/\s+/)
      .map((word) => [...word][0] ?? "")
      .join("")
      .slice(0, 2)
      .toUpperCase() || "?";
  return el("span", { class: `avatar hue-${hue(person?.id ?? name)} ${size}`, "aria-hidden": "true" }, initials);
}

function hue(text) {
  let sum = 0;
  for (const character of text) sum = (sum * 31 + character.codePointAt(0)) % 100_003;
  return sum % HUES;
}
