/**
 * What went wrong, in a sentence, above what is shown; gone when the next answer is good.
 */

import { el, icon, present } from "./dom.js";
import { loginLink } from "./frame.js";

export class Notices {
  /** @param answered called with each good answer */
  constructor(host, answered) {
    this.host = host;
    this.answered = answered;
  }

  /**
   * @param error what was thrown
   * @param wait seconds until the next try by itself; null if there is none
   * @param again what tries at once
   */
  failed(error, wait, again) {
    const isOut = error.status === 401;
    const what = error.message ?? String(error);
    const next = isOut ? "What you see stays; log in to go on." : wait === null ? "" : `What you see stays; it is tried again in ${wait} s.`;
    const action = isOut
      ? el("a", { href: loginLink(), target: "_top", class: "button" }, "Log in again")
      : el("button", { type: "button", class: "quiet", onclick: again }, "Try now");
    const text = `${what} ${next}`.trim();
    if (this.text === text) return;
    this.text = text;
    this.host.replaceChildren(el("div", { class: "notice", role: "alert" }, ...present([icon("alert"), el("p", {}, text), action])));
  }

  worked() {
    this.clear();
    this.answered();
  }

  clear() {
    this.text = null;
    this.host.replaceChildren();
  }
}
