// Offers commands, people, channels and emoji while one writes.

import { avatar } from "./avatar.js";
import { el, fill, span } from "./dom.js";
import { emoji, emojiNames } from "./emoji.js";

const SHOWN = 8;
let serial = 0;

export class Suggestions {
  constructor(store, field, { inThread = false } = {}) {
    this.store = store;
    this.field = field;
    this.inThread = inThread;
    this.options = [];
    this.at = 0;
    this.id = `suggestions-${(serial += 1)}`;
    this.node = el("div", {
      id: this.id,
      class: "suggestions",
      role: "listbox",
      "aria-label": "Suggestions",
      hidden: true,
    });
    field.setAttribute("aria-controls", this.id);
    field.addEventListener("input", () => this.update());
    field.addEventListener("blur", () => this.hide());
  }

  hide() {
    this.options = [];
    this.node.hidden = true;
    this.field.removeAttribute("aria-activedescendant");
  }

  update() {
    const before = this.field.value.slice(0, this.field.selectionStart);
    this.options = this.#find(before).slice(0, SHOWN);
    this.at = 0;
    if (this.options.length) this.#show();
    else this.hide();
  }

  #find(before) {
    const command = /^(\/\S*)$/.exec(before) ?? /^(\/\S+ .*)$/.exec(before);
    if (command) return this.inThread ? [] : this.#commands(command[1]);
    const word = /(?:^|[\s(])([@#:])([\w+.-]*)$/.exec(before);
    if (!word) return [];
    const [, sign, typed] = word;
    return { "@": () => this.#people(typed), "#": () => this.#channels(typed), ":": () => this.#emoji(typed) }[sign]();
  }

  /** While a command's words are typed its hint stays; it replaces nothing then. */
  #commands(typed) {
    const [name, ...rest] = typed.split(" ");
    return this.store.commands
      .filter((command) => (rest.length ? command.command === name : command.command.startsWith(name)))
      .map((command) => ({
        shown: [
          el("strong", {}, command.command),
          " ",
          span("quiet", command.usage_hint ?? ""),
          el("small", {}, command.description ?? ""),
        ],
        text: `${command.command} `,
        replaces: typed.length,
        hintOnly: rest.length > 0,
        data: { command: command.command },
      }));
  }

  #people(typed) {
    const wanted = typed.toLowerCase();
    const fits = (person) =>
      person.handle.toLowerCase().startsWith(wanted) ||
      person.name
        .toLowerCase()
        .split(" ")
        .some((word) => word.startsWith(wanted));
    return [...this.store.people.values()].filter(fits).map((person) => ({
      shown: [
        avatar(person, "small"),
        el("strong", {}, person.name),
        " ",
        span("quiet", `@${person.handle} ${person.title ?? ""}`),
      ],
      text: `@${person.handle} `,
      replaces: typed.length + 1,
    }));
  }

  #channels(typed) {
    const fits = (channel) => !channel.is_im && !channel.is_archived && channel.name.includes(typed.toLowerCase());
    return [...this.store.channels.values()]
      .filter(fits)
      .map((channel) => ({ shown: [`# ${channel.name}`], text: `#${channel.name} `, replaces: typed.length + 1 }));
  }

  #emoji(typed) {
    if (typed.length < 2) return [];
    return emojiNames()
      .filter((name) => name.includes(typed.toLowerCase()))
      .map((name) => ({ shown: [emoji(name), ` :${name}:`], text: `:${name}: `, replaces: typed.length + 1 }));
  }

  #show() {
    const rows = this.options.map((option, index) =>
      el(
        "div",
        {
          id: `${this.id}-${index}`,
          class: "suggestion",
          role: "option",
          "aria-selected": String(index === this.at),
          data: option.data ?? {},
          on: { mousedown: (event) => (event.preventDefault(), this.#choose(index)) },
        },
        option.shown,
      ),
    );
    fill(this.node, rows);
    this.node.hidden = false;
    this.field.setAttribute("aria-activedescendant", `${this.id}-${this.at}`);
  }

  #choose(index) {
    const option = this.options[index];
    const end = this.field.selectionStart;
    if (!option.hintOnly) this.field.setRangeText(option.text, end - option.replaces, end, "end");
    this.hide();
    this.field.focus();
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** True when this key press was for the suggestions. */
  takes(event) {
    if (this.node.hidden || !this.options.length || event.shiftKey) return false;
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const option = this.options[this.at];
    if (event.key === "Escape") this.hide();
    else if (move && !option.hintOnly) {
      this.at = (this.at + move + this.options.length) % this.options.length;
      this.#show();
    } else if ((event.key === "Enter" || event.key === "Tab") && !this.#complete(option)) this.#choose(this.at);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  /** What stands there already says all the option would: Enter then sends. */
  #complete(option) {
    const end = this.field.selectionStart;
    return option.hintOnly || this.field.value.slice(end - option.replaces, end) === option.text.trim();
  }
}
