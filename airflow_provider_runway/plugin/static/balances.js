/**
 * What is left on each connection's account.
 */

import { get } from "./api.js";
import { el, icon, present } from "./dom.js";
import { credits, dollars } from "./format.js";

const EVERY = 60 * 1000; // the server asks KIE.AI no more often either

export class Balances {
  constructor() {
    this.element = el("ul", { class: "balances", "aria-label": "Balance of each connection" });
  }

  /** Ask again, if the last answer is old enough. What cannot be had stays away: it is no reason to alarm anybody. */
  async refresh() {
    if (this.asked && Date.now() - this.asked < EVERY) return;
    this.asked = Date.now();
    const balances = await get("balances").catch(() => []);
    this.element.replaceChildren(...balances.map(chip));
  }
}

function chip({ conn_id, credits: left, dollars: money, error }) {
  if (error) return el("li", { class: "bad", title: error }, icon("alert"), el("span", {}, conn_id), el("span", {}, error));
  const amount = credits(left);
  return el("li", { title: `Balance of the connection ${conn_id}` }, ...present([el("span", {}, conn_id), el("strong", {}, amount ?? "not known"), dollars(money) && el("span", {}, dollars(money))]));
}
