// The app's Home tab.

import { avatar } from "./avatar.js";
import { blocks } from "./blocks.js";
import { div, el, fill, iconButton, patch, span } from "./dom.js";
import { chosen } from "./message.js";
import { attempt } from "./popover.js";

export class HomePane {
  constructor(store, { onMenu }) {
    this.store = store;
    this.head = el("div", {});
    this.body = el("div", { class: "home-body", id: "home" });
    this.node = div(
      "pane home",
      this.head,
      el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Home" }, this.body),
    );
    this.shown = "";
    store.on("workspace place", () => this.#frame(onMenu));
    store.on("home", () => this.#show());
  }

  #frame(onMenu) {
    if (!this.store.place.home) return;
    const { bot } = this.store;
    const menu = iconButton("menu", "Show the list of channels", onMenu, { class: "icon-button drawer-button" });
    const name = el("h2", { class: "channel-name" }, bot?.name ?? "App");
    const row = div("channel-row", menu, avatar(bot, "small"), name, span("badge", "APP"));
    patch(this.head, el("header", { class: "channel-head" }, row));
  }

  #show() {
    const { home, bot } = this.store;
    const look = JSON.stringify(home);
    if (look === this.shown) return;
    this.shown = look;
    const empty = div("empty", el("h3", {}, `${bot?.name ?? "The app"} has nothing here yet`));
    fill(this.body, home?.blocks?.length ? blocks(home.blocks, this.#surface(home)) : empty);
  }

  #surface(view) {
    const kept = new Map();
    const key = (block, action) => `${block}\n${action}`;
    return {
      names: this.store,
      keep: (block, action, state) => kept.set(key(block, action), state),
      kept: (block, action) => kept.get(key(block, action)) ?? view.state?.values?.[block]?.[action],
      act: (element, block, state) =>
        attempt(() =>
          this.store.api.click({ view_id: view.id, action_id: element.action_id, block_id: block, ...chosen(state) }),
        ),
    };
  }
}
