// Interactive elements of Block Kit. What a person chose is kept as Slack's own state objects,
// {type, value} or {type, selected_...}.

import { el, fill, icon, safeUrl, span } from "./dom.js";
import { words } from "./mrkdwn.js";
import { confirmed, menu } from "./popover.js";
import { unknown } from "./rich_text.js";
import { channelsOf, idSelect, multiStaticSelect, peopleOf, staticSelect } from "./selects.js";

/**
 * `surface` shows the element: `act(element, blockId, state)` when a person acts, `keep(blockId, actionId, state)` for
 * what was chosen, `kept(blockId, actionId)` gives it back; its `names` is the Store.
 */
export function element(given, blockId, surface) {
  const render = ELEMENTS[given.type];
  return render ? render(new Control(given, blockId, surface)) : unknown(given.type);
}

class Control {
  constructor(given, blockId, surface) {
    this.given = given;
    this.blockId = blockId;
    this.surface = surface;
    this.names = surface.names;
    this.placeholder = given.placeholder?.text ?? "";
  }

  get kept() {
    return this.surface.kept(this.blockId, this.given.action_id);
  }

  keep(state) {
    this.surface.keep(this.blockId, this.given.action_id, { type: this.given.type, ...state });
  }

  /** Keeps what was chosen and tells the app, after its confirmation dialog where it has one. */
  async act(state = {}, { confirm = this.given.confirm, keep = true } = {}) {
    if (confirm && !(await confirmed(confirm, this.names))) return;
    if (keep) this.keep(state);
    await this.surface.act(this.given, this.blockId, { type: this.given.type, ...state });
  }

  attributes(extra = {}) {
    return {
      id: this.surface.idOf?.(this.blockId, this.given.action_id),
      "aria-label":
        this.given.accessibility_label ?? (this.surface.labelled ? undefined : this.placeholder || undefined),
      data: { actionId: this.given.action_id, blockId: this.blockId },
      ...extra,
    };
  }
}

function button(control) {
  const { given, names } = control;
  const className = `button${given.style ? ` button-${given.style === "danger" ? "danger" : "primary"}` : ""}`;
  const url = given.url && safeUrl(given.url);
  const press = async (event) => {
    if (url) window.open(url, "_blank", "noopener,noreferrer");
    await whileBusy(event.currentTarget, () => control.act({ value: given.value }, { keep: false }));
  };
  return el(
    "button",
    control.attributes({ type: "button", class: className, on: { click: press } }),
    words(given.text, names),
    url && el("span", { class: "away", "aria-label": "opens a page" }, "↗"),
  );
}

async function whileBusy(node, work) {
  node.disabled = true;
  node.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    node.disabled = false;
    node.removeAttribute("aria-busy");
  }
}

function overflow(control) {
  const choose = (option) => {
    if (option.url && safeUrl(option.url)) window.open(safeUrl(option.url), "_blank", "noopener,noreferrer");
    return control.act({ selected_option: option }, { keep: false });
  };
  const items = () =>
    (control.given.options ?? []).map((option) => ({
      label: words(option.text, control.names),
      run: () => choose(option),
    }));
  const props = { type: "button", class: "button button-icon", "aria-haspopup": "menu", "aria-label": "More actions" };
  return el(
    "button",
    control.attributes({ ...props, on: { click: (event) => menu(event.currentTarget, items()) } }),
    icon("more"),
  );
}

function boxes(kind) {
  return (control) => {
    const { given, names, kept } = control;
    const single = kind === "radio";
    const initial = single ? [given.initial_option] : (given.initial_options ?? []);
    const before = kept ? (single ? [kept.selected_option] : kept.selected_options) : initial;
    const chosen = new Set(before.filter(Boolean).map((option) => option.value));
    const frame = el("div", control.attributes({ class: "choices", role: single ? "radiogroup" : "group" }));
    const state = () => {
      const on = [...frame.querySelectorAll("input")].map((input) => input.checked);
      const options = given.options.filter((_, index) => on[index]);
      return single ? { selected_option: options[0] ?? null } : { selected_options: options };
    };
    const name = `${control.blockId}-${given.action_id}`;
    const choice = (option) => {
      const props = {
        type: kind,
        name,
        value: option.value,
        checked: chosen.has(option.value),
        on: { change: () => control.act(state()) },
      };
      const text = el(
        "span",
        {},
        words(option.text, names),
        option.description && el("small", {}, words(option.description, names)),
      );
      return el("label", { class: "choice" }, el("input", props), text);
    };
    fill(frame, (given.options ?? []).map(choice));
    if (chosen.size) control.keep(state());
    return frame;
  };
}

/** Something typed; outside input blocks Enter sends it, in them it is only kept unless it dispatches. */
function field(type, { stateKey = "value", initialKey = "initial_value", toValue = (raw) => raw || null } = {}) {
  return (control) => {
    const { given, kept } = control;
    const area = type === "textarea" || given.multiline;
    const value = kept?.[stateKey] ?? given[initialKey] ?? "";
    const set = (event) => control.keep({ [stateKey]: toValue(event.currentTarget.value) });
    const sends = (event) => control.act({ [stateKey]: toValue(event.currentTarget.value) }, { confirm: null });
    const picks = ["date", "time", "datetime-local"].includes(type);
    const enter = (event) => {
      if (event.key === "Enter" && !area && !picks) sends(event);
    };
    if (value !== "") control.keep({ [stateKey]: value });
    const props = control.attributes({
      class: "field",
      type: area ? undefined : type,
      rows: area ? 4 : undefined,
      placeholder: control.placeholder,
      minlength: given.min_length,
      maxlength: given.max_length,
      value: type === "datetime-local" && value ? local(value) : value,
      on: { input: set, keydown: enter, ...(picks && { change: sends }) },
    });
    return el(area ? "textarea" : "input", props);
  };
}

const local = (seconds) => {
  const shifted = new Date(seconds * 1000 - new Date(seconds * 1000).getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
};

function feedback(control) {
  const one = (which, drawn) => {
    const props = { type: "button", class: "button button-small", "aria-label": which.accessibility_label, on: {} };
    props.on.click = (event) =>
      whileBusy(event.currentTarget, () => control.act({ value: which.value }, { keep: false }));
    return el(
      "button",
      { ...props, data: { actionId: control.given.action_id, value: which.value } },
      icon(drawn),
      words(which.text, control.names),
    );
  };
  const { positive_button: good, negative_button: bad } = control.given;
  return span("feedback", good && one(good, "good"), bad && one(bad, "bad"));
}

function iconic(control) {
  const props = { type: "button", class: "button button-small" };
  const press = (event) =>
    whileBusy(event.currentTarget, () => control.act({ value: control.given.value }, { keep: false }));
  return el(
    "button",
    control.attributes({ ...props, on: { click: press } }),
    icon(control.given.icon === "trash" ? "trash" : "more"),
    words(control.given.text, control.names),
  );
}

const ELEMENTS = {
  button,
  workflow_button: button,
  static_select: staticSelect,
  multi_static_select: multiStaticSelect,
  users_select: idSelect("user", peopleOf),
  multi_users_select: idSelect("user", peopleOf, true),
  channels_select: idSelect("channel", channelsOf),
  multi_channels_select: idSelect("channel", channelsOf, true),
  conversations_select: idSelect("conversation", channelsOf),
  multi_conversations_select: idSelect("conversation", channelsOf, true),
  overflow,
  checkboxes: boxes("checkbox"),
  radio_buttons: boxes("radio"),
  datepicker: field("date", { stateKey: "selected_date", initialKey: "initial_date" }),
  timepicker: field("time", { stateKey: "selected_time", initialKey: "initial_time" }),
  datetimepicker: field("datetime-local", {
    stateKey: "selected_date_time",
    initialKey: "initial_date_time",
    toValue: (raw) => (raw ? Math.floor(new Date(raw).getTime() / 1000) : null),
  }),
  plain_text_input: field("text"),
  email_text_input: field("email"),
  url_text_input: field("url"),
  number_input: field("number"),
  feedback_buttons: feedback,
  icon_button: iconic,
};
