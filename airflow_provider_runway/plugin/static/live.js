/**
 * What is being made now. A card that becomes ready plays where it stands.
 */

import { get, now } from "./api.js";
import { Card, cardKey } from "./card.js";
import { arrange, el, present, say } from "./dom.js";
import { noMatch, nothingWaits } from "./empty.js";
import { countSet, parameters } from "./filters.js";
import { clock, count, moment, price } from "./format.js";
import { skeleton } from "./listing.js";
import { isLost, isWaiting, STATES } from "./progress.js";
import { View } from "./view.js";

const LIMIT = 200;
const LOOKS_BACK = 10 * 60 * 1000; // what ended in these ms before is still of interest

export class Live extends View {
  constructor(app, filters) {
    super(app);
    this.filters = filters;
    this.shown = new Map();
    this.since = new Date(now() - LOOKS_BACK).toISOString();
    this.summary = el("p", { class: "summary" });
    this.list = el("ul", { class: "list cards", "aria-label": "Videos that are being made" });
    this.element = el("div", { "aria-busy": "true" }, skeleton());
  }

  interval() {
    return this.waiting.length ? 4 : 10;
  }

  get waiting() {
    return [...this.shown.values()].map((card) => card.data).filter(isWaiting);
  }

  async refresh(signal) {
    const asked = { ...parameters(this.filters, "live"), state: "waiting", ended_since: this.since, limit: LIMIT };
    const page = await get("videos", asked, signal);
    this.app.notices.worked();
    this.app.learn(page.videos);
    const given = new Map(page.videos.map((each) => [cardKey(each), each]));
    for (const key of this.shown.keys()) if (!given.has(key)) this.shown.delete(key);
    for (const [key, data] of given) {
      const card = this.shown.get(key);
      if (!card) this.shown.set(key, new Card(data));
      else {
        if (isWaiting(card.data) && !isWaiting(data)) {
          say(`${isLost(data) ? STATES[data.state] : "Ready"}: ${data.prompt || data.task_id}`);
        }
        card.update(data);
      }
    }
    this.show(page.next !== null);
  }

  show(hasMore) {
    this.element.removeAttribute("aria-busy");
    if (!this.shown.size) {
      const nothing = () => (countSet(this.filters, "live") ? noMatch(this.app.clearFilters) : nothingWaits());
      return arrange(this.element, [(this.nothing ??= nothing())]);
    }
    this.nothing = null;
    this.summary.replaceChildren(...this.sentences(hasMore));
    // Each stays where it is first seen, so that nothing moves under a pointer: what is new comes first.
    const place = [...this.shown.values()].map((card) => card.element);
    const there = [...this.list.children].map((item) => item.firstChild).filter((each) => place.includes(each));
    const fresh = place.filter((each) => !there.includes(each));
    arrange(this.list, [...fresh, ...there].map((each) => each.parentElement ?? el("li", {}, each)));
    arrange(this.element, [this.summary, this.list]);
  }

  sentences(hasMore) {
    const waiting = this.waiting;
    const queued = waiting.filter((each) => each.state === "queued").length;
    const made = waiting.length - queued;
    const sum = (name) => waiting.reduce((total, each) => total + (each[name] ?? 0), 0);
    const cost = waiting.length ? price({ credits: sum("credits"), dollars: sum("dollars") }) : null;
    const ends = waiting.map((each) => moment(each.expected_at)).filter((each) => each !== null && each > now());
    const next = ends.length ? `the next in about ${clock((Math.min(...ends) - now()) / 1000)}` : null;
    const parts = [
      waiting.length ? el("strong", {}, `${made} being made`) : "Nothing is being made right now",
      queued > 0 && `${queued} in the queue`,
      next,
      cost && `${cost} in all`,
      this.shown.size > waiting.length && `${count(this.shown.size - waiting.length, "other")} ended lately`,
      hasMore && `the newest ${LIMIT} are shown`,
    ];
    return present(parts).map((part) => el("span", {}, part));
  }
}

