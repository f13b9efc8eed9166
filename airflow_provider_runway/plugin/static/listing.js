/**
 * A list of videos that grows page by page, and is kept up to date without moving what has not changed.
 */

import { get } from "./api.js";
import { cardKey } from "./card.js";
import { arrange, el, say } from "./dom.js";
import { count, time } from "./format.js";
import { isWaiting } from "./progress.js";
import { View } from "./view.js";

const PAGE = 48;

export class Listing extends View {
  /**
   * @param app what all views share: `notices`, `known`, `clearFilters`
   * @param ask parameters of the endpoint
   * @param make makes what shows one video: `element` and `update`
   * @param lay given the shown and a list's element, puts them into it
   * @param empty what stands there when there is nothing
   */
  constructor(app, { ask, make, lay, empty, label }) {
    super(app);
    Object.assign(this, { asked: ask, make, lay, empty });
    this.data = [];
    this.shown = new Map();
    this.next = null;
    this.list = el("ul", { class: "list", "aria-label": label });
    this.reach = el("p", { class: "reach" });
    this.more = el("button", { type: "button", class: "more", hidden: true, onclick: () => this.loadMore() }, "Load more");
    this.element = el("div", { class: "listing", "aria-busy": "true" }, skeleton());
  }

  interval() {
    return this.data.some(isWaiting) ? 10 : 60;
  }

  /** The first page anew; what was loaded further down stays. */
  async refresh(signal) {
    const page = await get("videos", { ...this.asked, limit: PAGE }, signal);
    this.app.notices.worked();
    const fresh = new Set(page.videos.map(cardKey));
    const last = this.data.findLastIndex((each) => fresh.has(cardKey(each)));
    const below = page.next === null ? [] : this.data.slice(last + 1);
    if (!below.length) this.next = page.next;
    this.data = [...page.videos, ...below];
    this.since = page.since;
    this.show();
  }

  async loadMore() {
    this.more.disabled = true;
    try {
      const page = await get("videos", { ...this.asked, limit: PAGE, cursor: this.next });
      this.app.notices.worked();
      const known = new Set(this.data.map(cardKey));
      const added = page.videos.filter((each) => !known.has(cardKey(each)));
      this.data = [...this.data, ...added];
      this.next = page.next;
      this.show();
      say(`${count(added.length, "more video")} below.`);
      if (added.length) this.shown.get(cardKey(added[0])).element.querySelector("a, button")?.focus({ preventScroll: true });
    } catch (error) {
      this.app.notices.failed(error, null, () => this.loadMore());
    } finally {
      this.more.disabled = false;
    }
  }

  show() {
    this.app.learn(this.data);
    const before = this.shown;
    this.shown = new Map();
    for (const each of this.data) {
      const key = cardKey(each);
      const card = before.get(key) ?? this.make(each);
      card.update(each);
      this.shown.set(key, card);
    }
    this.element.removeAttribute("aria-busy");
    this.more.hidden = this.next === null;
    // A search of prompts without a time looks back only so far, and says so.
    const isShort = this.since && !this.asked.since && this.next === null;
    this.reach.replaceChildren(...(isShort ? ["Searched back to ", time(this.since, "day"), ". Choose a time to search further."] : []));
    const below = isShort ? [this.reach] : [];
    if (!this.data.length) return arrange(this.element, [(this.nothing ??= this.empty()), ...below]);
    this.nothing = null;
    this.lay(this.data, this.shown, this.list);
    arrange(this.element, [this.list, this.more, ...below]);
  }
}

/** Grey places of cards to come, in place of an empty page. */
export function skeleton() {
  const cards = Array.from({ length: 8 }, () => el("li", { class: "ghost" }, el("div"), el("p"), el("p")));
  return el("ul", { class: "list cards", "aria-label": "Loading" }, ...cards);
}
