/**
 * What a page says that has nothing to show: what to do first.
 */

import { copyButton } from "./copy.js";
import { el, icon, present } from "./dom.js";
import { EXAMPLE } from "./example.js";

function box(title, ...lines) {
  return el("div", { class: "empty" }, icon("film"), el("h2", {}, title), ...present(lines));
}

/** Nothing at all has been made yet. */
export function firstSteps() {
  return box(
    "No videos yet",
    el("p", {}, "They appear here by themselves as soon as a DAG makes one. It takes three steps:"),
    el(
      "ol",
      { class: "steps" },
      el("li", {}, "Create a connection of the type ", el("strong", {}, "Runway (KIE.AI)"), " under Admin, Connections, with the id ", el("code", {}, "runway_default"), " and your API key. Its Test button says how many credits are left."),
      el("li", {}, "Put this file into the folder of your DAGs:", el("div", { class: "example" }, el("pre", { tabindex: "0", "aria-label": "A DAG that makes a video" }, el("code", {}, EXAMPLE)), copyButton(EXAMPLE, "Copy the DAG"))),
      el("li", {}, "Switch the DAG on, and trigger it. A video of 5 s in 720p costs about 12 credits ($0.06), and takes a few minutes."),
    ),
  );
}

/** There are videos, but none that the filters let through. */
export function noMatch(clear) {
  return box(
    "No video matches",
    el("p", {}, "Nothing has all that the filters ask for. Take one away, or widen the time."),
    el("button", { type: "button", onclick: clear }, "Clear filters"),
  );
}

export function nothingWaits() {
  return box("Nothing is being made", el("p", {}, "Trigger a DAG: its videos appear here while they queue and are made, and play when they are ready."));
}

export function nothingFailed() {
  return box("Nothing has failed", el("p", {}, "A task that cannot make its video is listed here, with the reason, what to do, and whether it was paid."));
}

export function noTotals() {
  return box("Nothing was made in this time", el("p", {}, "Choose a longer time, or another DAG."));
}

/** The tab of a task or a run that has no video. */
export function noVideoHere({ task_id }) {
  if (!task_id) return box("No videos in this run", el("p", {}, "They appear here, in order, as soon as a task of this run makes one with a Runway operator."));
  return box(
    "No video here",
    el("p", {}, "This tab shows the video of a task that makes one with a Runway operator. ", el("code", {}, task_id), " has made none yet, or does something else."),
  );
}
