/**
 * One failure in the list of failures.
 */

import { insideLink, pathLine } from "./card.js";
import { el, present } from "./dom.js";
import { failure } from "./failure.js";
import { time } from "./format.js";

export class FailureRow {
  constructor(data) {
    this.element = el("li", { class: "row" });
    this.update(data);
  }

  update(data) {
    const seen = JSON.stringify(data);
    if (this.seen === seen) return;
    this.seen = seen;
    const prompt = el("h3", { class: "prompt" }, el("a", { href: insideLink(data), "data-inside": true }, el("span", { dir: "auto" }, data.prompt || data.task_id)));
    const when = time(data.completed_at) ?? time(data.submitted_at);
    const facts = el("p", { class: "facts" }, ...present([data.model ?? data.kind, data.try_number > 1 && `try ${data.try_number}`, when]).map((each) => el("span", {}, each)));
    this.element.replaceChildren(el("div", { class: "what" }, prompt, facts, pathLine(data)), failure(data));
  }
}
