/**
 * How far a video that is being made has come, and why one waits: by what was seen of others, so it is a guess.
 */

import { now } from "./api.js";
import { el, present } from "./dom.js";
import { clock, moment, time } from "./format.js";

export const STATES = {
  queued: "Queued",
  submitted: "Submitted",
  generating: "Generating",
  finished: "Finished",
  failed: "Failed",
  refused: "Refused",
};

const WAITING = new Set(["queued", "submitted", "generating"]);

/** Whether something is still to come of it. */
export function isWaiting(card) {
  return WAITING.has(card.state);
}

/** Whether nothing comes of it: it failed, or its prompt was refused and its task skipped. */
export function isLost(card) {
  return card.state === "failed" || card.state === "refused";
}

const QUEUE = {
  pace: "The account's pace: so many submissions in 10 s, and no more.",
  429: "KIE.AI said that there were too many requests.",
  maintenance: "KIE.AI is under maintenance.",
};

/** Why it is not submitted yet, at which place, until when; null if it does not queue. */
export function queueLine({ queue }) {
  if (!queue) return null;
  const place = Number.isFinite(queue.place) ? el("strong", {}, `Place ${queue.place} in the queue. `) : null;
  const until = time(queue.until);
  const why = QUEUE[queue.reason] ?? queue.reason ?? "It waits for its turn.";
  return el("p", { class: "queue" }, ...present([place, why, until && [" Goes on ", until, "."]]));
}

/** The bar, elapsed time, and what is expected. */
export function progress(card) {
  const from = moment(card.submitted_at);
  const bar = el("div", { class: "bar" }, el("span"));
  const left = el("span", { class: "left" });
  const elapsed = from === null ? null : el("span", {}, time(card.submitted_at, "elapsed"), " so far");
  const words = from === null ? "Not submitted yet" : elapsed;
  const element = el("div", { class: "progress" }, bar, el("p", {}, words, left));
  const to = moment(card.expected_at);
  if (from === null || to === null || to <= from) element.classList.add("unknown");
  else {
    Object.assign(element.dataset, { from, to });
    bar.setAttribute("role", "progressbar");
    bar.setAttribute("aria-label", `Expected progress of ${card.prompt || card.task_id}`);
    show(element);
  }
  return element;
}

/** Move all bars on. */
export function refreshProgress() {
  document.querySelectorAll(".progress[data-to]").forEach(show);
}

function show(element) {
  const [from, to] = [Number(element.dataset.from), Number(element.dataset.to)];
  const rest = to - now();
  // What takes longer than expected stays just short of its end, and says so.
  const part = rest > 0 ? Math.max(0, (now() - from) / (to - from)) * 0.95 : 0.95;
  const bar = element.querySelector(".bar");
  bar.firstChild.style.setProperty("inline-size", `${(part * 100).toFixed(2)}%`);
  bar.setAttribute("aria-valuenow", String(Math.round(part * 100)));
  element.classList.toggle("late", rest <= 0);
  element.querySelector(".left").textContent = rest > 0 ? `about ${clock(rest / 1000)} left` : "longer than expected";
}
