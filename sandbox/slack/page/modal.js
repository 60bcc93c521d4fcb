// Modals: the top of the person's stack of views. What was typed survives an update of the view.

import { blocks } from "./blocks.js";
import { div, el, fill, iconButton } from "./dom.js";
import { words } from "./mrkdwn.js";
import { chosen } from "./message.js";
import { attempt, dialog } from "./popover.js";

// What was typed is in the page already; a view that differs only in that is not drawn again.
const look = (view) => JSON.stringify({ ...view, state: undefined });
const fieldId = (block, action) => `input-${block}-${action}`;

export class Modals {
  constructor(store) {
    this.store = store;
    this.open = null; // {id, shown, values, box, close}
    store.on("views", () =>
      this.#show(store.views.filter((view) => (view.type ?? "modal") === "modal").at(-1) ?? null),
    );
  }

  #show(view) {
    if (this.open && this.open.id !== view?.id) {
      this.open.close();
      this.open = null;
    }
    if (!view) return;
    if (!this.open) this.#openFor(view);
    if (this.open.shown !== look(view)) this.#draw(view, {});
  }

  #openFor(view) {
    const label = view.title?.text ?? "Dialog";
    const { box, close } = dialog({ label, className: "modal", build: () => [], onClose: () => this.#closed(view.id) });
    box.dataset.view = view.id;
    this.open = { id: view.id, shown: "", values: structuredClone(view.state?.values ?? {}), box, close };
  }

  /** The person closed it; the app is told when it wants to know. */
  #closed(id) {
    this.open = null;
    attempt(() => this.store.api.close(id)).then(() => this.store.fetchViews());
  }

  #draw(view, errors) {
    const { open } = this;
    const focused = open.box.querySelector(":focus")?.id;
    open.shown = look(view);
    const problem = el("p", { class: "problem", role: "alert", hidden: true });
    const submit = async (event) => {
      event.preventDefault();
      await this.#submit(view, event.currentTarget, problem);
    };
    const close = () => {
      open.close();
      this.#closed(view.id);
    };
    fill(
      open.box,
      el(
        "form",
        { novalidate: true, on: { submit } },
        el(
          "header",
          { class: "dialog-head" },
          el("h2", {}, words(view.title, this.store)),
          iconButton("close", "Close", close),
        ),
        div("dialog-body", blocks(view.blocks, this.#surface(view, errors)), problem),
        el("footer", { class: "dialog-foot" }, this.#buttons(view, close)),
      ),
    );
    const wrong = open.box.querySelector("[aria-invalid]");
    const target =
      wrong ??
      (focused
        ? open.box.querySelector(`#${CSS.escape(focused)}`)
        : open.box.querySelector(".dialog-body input, .dialog-body textarea, .dialog-body select"));
    target?.focus();
  }

  #buttons(view, close) {
    const submit = view.submit || view.blocks?.some((block) => block.type === "input");
    return [
      el(
        "button",
        { type: "button", class: "button", data: { do: "close" }, on: { click: close } },
        words(view.close ?? "Close", this.store),
      ),
      submit &&
        el(
          "button",
          { type: "submit", class: "button button-primary", data: { do: "submit" } },
          words(view.submit ?? "Submit", this.store),
        ),
    ];
  }

  #surface(view, errors) {
    const { values } = this.open;
    return {
      names: this.store,
      errors,
      idOf: fieldId,
      keep: (block, action, state) => ((values[block] ??= {})[action] = state),
      kept: (block, action) => values[block]?.[action],
      act: (element, block, state) =>
        attempt(() =>
          this.store.api.click({ view_id: view.id, action_id: element.action_id, block_id: block, ...chosen(state) }),
        ),
    };
  }

  async #submit(view, form, problem) {
    const missing = this.#missing(view);
    if (Object.keys(missing).length) return this.#draw(view, missing);
    const button = form.querySelector("[data-do=submit]");
    button.disabled = true;
    try {
      const answer = await this.store.api.submit(view.id, this.open.values);
      if (answer.errors && Object.keys(answer.errors).length) this.#draw(view, answer.errors);
    } catch (refused) {
      if (refused.answer?.errors) return this.#draw(view, refused.answer.errors);
      problem.textContent = `We had some trouble connecting: ${refused.message}`;
      problem.hidden = false;
    } finally {
      button.disabled = false;
    }
    return this.store.fetchViews();
  }

  /** Slack's own client refuses to send a modal whose required fields are empty. */
  #missing(view) {
    const wanted = (view.blocks ?? []).filter((block) => block.type === "input" && !block.optional);
    const empty = (block) => {
      const state = Object.values(this.open.values[block.block_id] ?? {})[0] ?? {};
      const [value] = Object.entries(state)
        .filter(([key]) => key !== "type")
        .map(([, each]) => each);
      return value === undefined || value === null || value === "" || (Array.isArray(value) && !value.length);
    };
    return Object.fromEntries(
      wanted.filter(empty).map((block) => [block.block_id, "Please complete this required field."]),
    );
  }
}
