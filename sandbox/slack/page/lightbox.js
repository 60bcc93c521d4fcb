// An image in full size, over the page.

import { el, iconButton } from "./dom.js";
import { dialog } from "./popover.js";

export function enlarge(url, alt) {
  const build = (close, dismiss) => [
    iconButton("close", "Close the image", () => dismiss()),
    el("img", { src: url, alt, on: { click: () => dismiss() } }),
    alt && el("p", { class: "lightbox-caption" }, alt),
  ];
  dialog({ label: alt || "Image", className: "lightbox", build });
}
