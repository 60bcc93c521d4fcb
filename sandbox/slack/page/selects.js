// Drop-down choices of Block Kit: of given options, of people, of channels.

import { el } from "./dom.js";

const groupsOf = (given) => given.option_groups ?? [{ options: given.options ?? [] }];
const allOptions = (given) => groupsOf(given).flatMap((group) => group.options ?? []);
export const peopleOf = (names) =>
  [...names.people.values()].map((person) => ({ value: person.id, text: person.name }));
export const channelsOf = (names) =>
  [...names.channels.values()]
    .filter((channel) => !channel.is_im)
    .map((channel) => ({ value: channel.id, text: `#${channel.name}` }));
const asChoices = (options) => options.map((option) => ({ value: option.value, text: option.text?.text ?? "" }));

function chooser(control, { choices, toState, chosen, multiple = false, groups = null }) {
  const current = new Set(multiple ? chosen : chosen === undefined || chosen === null ? [] : [chosen]);
  const option = (choice) => el("option", { value: choice.value, selected: current.has(choice.value) }, choice.text);
  const body = groups
    ? groups.map((group) => el("optgroup", { label: group.label?.text ?? "" }, asChoices(group.options).map(option)))
    : choices.map(option);
  const empty = el("option", { value: "", selected: current.size === 0 }, control.placeholder || "Choose…");
  const change = (event) => {
    const values = [...event.currentTarget.selectedOptions].map((each) => each.value).filter(Boolean);
    control.act(toState(multiple ? values : (values[0] ?? null)));
  };
  if (current.size) control.keep(toState(multiple ? [...current] : [...current][0]));
  return el("select", control.attributes({ class: "select", multiple, on: { change } }), multiple ? null : empty, body);
}

export function staticSelect(control) {
  const { given, kept } = control;
  const byValue = new Map(allOptions(given).map((option) => [option.value, option]));
  return chooser(control, {
    choices: asChoices(allOptions(given)),
    groups: given.option_groups,
    chosen: (kept?.selected_option ?? given.initial_option)?.value,
    toState: (value) => ({ selected_option: byValue.get(value) ?? null }),
  });
}

export function multiStaticSelect(control) {
  const { given, kept } = control;
  return chooser(control, {
    multiple: true,
    choices: asChoices(allOptions(given)),
    groups: given.option_groups,
    chosen: (kept?.selected_options ?? given.initial_options ?? []).map((option) => option.value),
    toState: (values) => ({ selected_options: allOptions(given).filter((option) => values.includes(option.value)) }),
  });
}

/** A select of people, channels or conversations: the ids themselves are the state. */
export function idSelect(kind, choicesOf, multiple = false) {
  const field = multiple ? `selected_${kind}s` : `selected_${kind}`;
  const initial = multiple ? `initial_${kind}s` : `initial_${kind}`;
  return (control) =>
    chooser(control, {
      multiple,
      choices: choicesOf(control.names),
      chosen: control.kept?.[field] ?? control.given[initial] ?? (multiple ? [] : null),
      toState: (value) => ({ [field]: value }),
    });
}
