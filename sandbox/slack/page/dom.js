// Builds DOM nodes. Text becomes text nodes, so nothing that someone wrote is ever read as markup.

const SPRITES = "/page/";
const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "disabled", "selected", "hidden", "multiple"]);

/** `props`: attributes, with `class`, `data` (dataset), `on` (listeners) and live properties such as `value`. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "on") listen(node, value);
    else if (key === "data") mark(node, value);
    else if (key === "class") node.className = value;
    else if (!PROPERTIES.has(key)) node.setAttribute(key, value === true ? "" : String(value));
  }
  node.append(...solid(children));
  // After the children: a select takes its value only once its options exist.
  for (const key of PROPERTIES) if (props[key] !== undefined && props[key] !== null) node[key] = props[key];
  return node;
}

export const div = (className, ...children) => el("div", { class: className }, ...children);
export const span = (className, ...children) => el("span", { class: className }, ...children);

function listen(node, listeners) {
  for (const [event, handler] of Object.entries(listeners)) node.addEventListener(event, handler);
}

function mark(node, data) {
  for (const [key, value] of Object.entries(data)) {
    if (value !== undefined && value !== null) node.dataset[key] = String(value);
  }
}

function solid(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

export function fill(node, ...children) {
  node.replaceChildren(...solid(children));
  return node;
}

/** Like fill, but a child that would look the same stays: a click or focus on it survives. */
export function patch(node, ...children) {
  const wanted = solid(children);
  wanted.forEach((child, index) => {
    const old = node.childNodes[index];
    if (old === undefined) node.append(child);
    else if (old !== child && !old.isEqualNode(child)) old.replaceWith(child);
  });
  while (node.childNodes.length > wanted.length) node.lastChild.remove();
}

function sprite(file, name, className) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("viewBox", "0 0 32 32");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${SPRITES}${file}#${name}`);
  svg.append(use);
  return svg;
}

export const icon = (name) => sprite("icons.svg", name, "icon");
export const drawing = (name) => sprite("emoji.svg", name, "drawing");

export function iconButton(name, label, onClick, props = {}) {
  return el(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, on: { click: onClick }, ...props },
    icon(name),
  );
}

/** The address when a browser may follow it, else null: no `javascript:`, no `data:`. */
export function safeUrl(address) {
  let url;
  try {
    url = new URL(address, location.href);
  } catch {
    return null;
  }
  return ["http:", "https:", "mailto:", "tel:"].includes(url.protocol) ? url.href : null;
}

export function safeImage(address) {
  const url = safeUrl(address);
  return url !== null && url.startsWith("http") ? url : null;
}

/** A link as a person gave it; a link to a message of this workspace stays on the page. */
export function link(address, ...children) {
  const url = safeUrl(address);
  if (url === null) return el("span", { class: "dead-link", title: "This address is not a web link" }, ...children);
  const local = localRoute(url);
  if (local !== null) return el("a", { href: local }, ...children);
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

/** `/archives/C1/p1700000000000100` becomes the page's own `#/C1/at/1700000000.000100`. */
export function localRoute(address) {
  const url = new URL(address);
  const found = url.origin === location.origin && /^\/archives\/([A-Z0-9]+)(?:\/p(\d{10})(\d{6}))?$/.exec(url.pathname);
  if (!found) return null;
  const [, channel, seconds, micros] = found;
  if (seconds === undefined) return `#/${channel}`;
  const thread = url.searchParams.get("thread_ts");
  return thread ? `#/${channel}/thread/${thread}` : `#/${channel}/at/${seconds}.${micros}`;
}
