/**
 * Why a video failed, what can be done, and whether it was paid.
 */

import { el, present } from "./dom.js";
import { price, reasonTitle } from "./format.js";
import { copyButton } from "./copy.js";

/** Whether it was paid, as a badge. */
export function paidBadge(data) {
  const paid = data.failure?.paid;
  if (paid === false) return el("span", { class: "paid no" }, "Not paid");
  const cost = price(data);
  if (paid === true) return el("span", { class: "paid yes" }, cost ? `Paid: ${cost}` : "Paid");
  return el("span", { class: "paid maybe" }, "Nobody knows whether it was paid");
}

/** Text with commands in it: what stands between backticks is code. */
export function withCode(text) {
  return String(text).split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part));
}

/** Commands that a text names between backticks, such as the one that settles a submission. */
function commands(text) {
  return String(text ?? "").split("`").filter((part, index) => index % 2 && part.startsWith("airflow "));
}

/** Whether a text says a sentence already, whatever follows it there. */
function says(text, sentence) {
  return String(text ?? "").includes(String(sentence).replace(/\.$/, ""));
}

/** @param isShort one sentence, for a small card */
export function failure(data, { isShort = false } = {}) {
  const said = data.failure;
  if (!said) return el("div", { class: "failure" }, el("p", {}, "It failed. Its log in Airflow says why."));
  if (isShort) {
    return el("div", { class: "failure" }, el("p", { class: "message", title: said.message, dir: "auto" }, said.message || reasonTitle(said.reason)), paidBadge(data));
  }
  return el(
    "div",
    { class: "failure" },
    ...present([
      el("p", { class: "headline" }, el("strong", {}, reasonTitle(said.reason)), " ", paidBadge(data)),
      said.message && el("p", { class: "message", dir: "auto" }, said.message),
      said.payment && !says(said.message, said.payment) && el("p", {}, said.payment),
      said.advice && el("p", { class: "advice" }, el("strong", {}, "What to do: "), ...withCode(said.advice)),
      commands(said.advice).map((command) => el("p", { class: "command" }, el("code", {}, command), copyButton(command))),
      said.task_id && el("p", { class: "id" }, "KIE task ", el("code", {}, said.task_id)),
      said.page && el("p", {}, page(said.page)),
    ]),
  );
}

/** The page that explains it: a link, or where the package's documentation has it. */
function page(where) {
  if (!String(where).startsWith("https://")) return `More about it: ${where}`;
  return el("a", { href: where, target: "_blank", rel: "noopener noreferrer" }, "The page that explains it");
}
