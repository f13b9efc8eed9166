/**
 * The tabs: the video of one task instance, and the film strip of a run.
 */

import { get } from "./api.js";
import { Card, cardKey, insideLink } from "./card.js";
import { chains } from "./chains.js";
import { arrange, el, icon, present } from "./dom.js";
import { noVideoHere } from "./empty.js";
import { count } from "./format.js";
import { playTogether } from "./player.js";
import { isWaiting } from "./progress.js";
import { View } from "./view.js";

const LIMIT = 200;

class Shown extends View {
  constructor(app, filters) {
    super(app);
    const { dag_id, run_id, task_id = null, map_index = null } = filters;
    Object.assign(this, { place: { dag_id, run_id, task_id, map_index }, shown: new Map() });
    this.element = el("div", { "aria-busy": "true" }, el("p", { class: "loading" }, "Looking …"));
  }

  interval() {
    return this.data.some(isWaiting) ? 4 : 20;
  }

  async refresh(signal) {
    const page = await get("videos", { ...this.place, limit: LIMIT }, signal);
    this.app.notices.worked();
    this.data = page.videos;
    this.hasMore = page.next !== null;
    this.element.removeAttribute("aria-busy");
    if (!this.data.length) return arrange(this.element, [(this.nothing ??= noVideoHere(this.place))]);
    this.nothing = null;
    this.show();
  }

  card(data, options) {
    const key = cardKey(data);
    const card = this.shown.get(key) ?? new Card(data, options);
    card.update(data);
    this.shown.set(key, card);
    return card;
  }
}

/** The video of one task instance, large, with all that is known of it. */
export class TaskVideo extends Shown {
  show() {
    if (this.data.length > 1) return this.showMapped();
    const card = this.card(this.data[0], { isWhole: true });
    this.links ??= el("p", { class: "onward" }, el("a", { href: insideLink({ ...this.data[0], task_id: null }), "data-inside": true }, icon("film"), "All videos of this run"));
    arrange(this.element, [card.element, this.links]);
  }

  /** A mapped task without an index: all of its instances. */
  showMapped() {
    this.step ??= new Step(this.place.task_id);
    this.step.show(byIndex(this.data).map((each) => this.card(each)));
    arrange(this.element, [this.step.element]);
  }
}

/** All videos of a run, in the order in which they were begun; mapped siblings side by side. */
export class FilmStrip extends Shown {
  constructor(app, filters) {
    super(app, filters);
    this.steps = new Map();
    this.head = el("p", { class: "summary" });
    this.strip = el("ol", { class: "steps-of-run" });
  }

  show() {
    const groups = byTask(inOrder(this.data));
    const nodes = [...groups].map(([task_id, members]) => {
      if (!this.steps.has(task_id)) this.steps.set(task_id, new Step(task_id, "li"));
      const step = this.steps.get(task_id);
      step.show(byIndex(members).map((each) => this.card(each)));
      return step.element;
    });
    const waiting = this.data.filter(isWaiting).length;
    const parts = [el("strong", {}, count(this.data.length, "video")), waiting > 0 && `${waiting} still being made`, this.hasMore && `the newest ${LIMIT} are shown`];
    this.head.replaceChildren(...present(parts).map((part) => el("span", {}, part)));
    arrange(this.strip, nodes);
    arrange(this.element, [this.head, this.strip]);
  }
}

/** One task of a run: one frame, or its variants side by side. */
class Step {
  constructor(task_id, tag = "section") {
    this.title = el("h2", {}, task_id);
    this.together = el("button", { type: "button", class: "quiet", onclick: () => playTogether(this.cards.map((each) => each.player)) }, icon("play"), "Play together");
    this.frames = el("ul", { class: "frames", "aria-label": `Videos of ${task_id}` });
    this.element = el(tag, { class: "step" }, el("div", { class: "step-head" }, this.title, this.together), this.frames);
  }

  show(cards) {
    this.cards = cards;
    this.element.dataset.size = String(Math.min(cards.length, 4));
    this.together.hidden = cards.filter((each) => each.player?.address).length < 2;
    arrange(this.frames, cards.map(({ element }) => element.parentElement ?? el("li", {}, element)));
  }
}

const byIndex = (cards) => [...cards].sort((a, b) => (a.map_index ?? -1) - (b.map_index ?? -1));

/** Oldest first, and an extension after what it extends. */
function inOrder(cards) {
  const begun = (card) => String(card.submitted_at ?? "9");
  const newestFirst = [...cards].sort((a, b) => begun(b).localeCompare(begun(a)));
  return chains(newestFirst).sort(([a], [b]) => begun(a).localeCompare(begun(b))).flat();
}

function byTask(cards) {
  const groups = new Map();
  for (const card of cards) groups.set(card.task_id, [...(groups.get(card.task_id) ?? []), card]);
  return groups;
}
