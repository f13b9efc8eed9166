/**
 * Videos, credits and dollars by day and DAG; what is still to be paid; what is left.
 */

import { get } from "./api.js";
import { chart, dayName, series } from "./chart.js";
import { arrange, el, present } from "./dom.js";
import { noTotals } from "./empty.js";
import { parameters } from "./filters.js";
import { credits, dollars, number, price } from "./format.js";
import { View } from "./view.js";

const METRICS = {
  credits: { name: "Credits", of: (row) => row.credits, written: number },
  videos: { name: "Videos", of: (row) => row.videos, written: number },
  dollars: { name: "Dollars", of: (row) => row.dollars, written: (value) => dollars(value) },
};

function cut() {
  return el("p", { class: "note", role: "status" }, "There is more than is added up at once: the oldest days are missing. Choose later days, or one DAG.");
}

export class Totals extends View {
  constructor(app, filters) {
    super(app);
    this.asked = parameters(filters, "totals");
    this.metric = "credits";
    this.drawing = el("div", { class: "drawing" });
    this.element = el("div", { class: "totals", "aria-busy": "true" }, el("p", { class: "loading" }, "Adding up …"));
    this.sized = new ResizeObserver(() => this.draw());
  }

  start() {
    this.sized.observe(this.drawing);
    return super.start();
  }

  stop() {
    this.sized.disconnect();
    super.stop();
  }

  interval() {
    return 60;
  }

  async refresh(signal) {
    this.data = await get("totals", this.asked, signal);
    this.app.notices.worked();
    this.app.balances.refresh();
    this.element.removeAttribute("aria-busy");
    const seen = JSON.stringify(this.data);
    if (this.seen === seen) return;
    this.seen = seen;
    const hasDays = this.data.days.length > 0;
    arrange(this.element, present([this.tiles(), this.data.is_whole === false && cut(), hasDays ? [this.switch(), this.drawing, this.legend(), this.table()] : noTotals()]));
    this.width = null;
    this.draw();
  }

  sum(name) {
    return this.data.days.reduce((total, row) => total + (row[name] ?? 0), 0);
  }

  lost() {
    const [failed, refused] = [this.sum("failed"), this.sum("refused")];
    return `${failed ? number(failed) : "none"} failed${refused ? `, ${number(refused)} refused` : ""}`;
  }

  tiles() {
    const { waiting } = this.data;
    const tile = (label, value, more) => el("div", { class: "tile" }, el("dt", {}, label), el("dd", {}, el("strong", {}, value), more && el("span", {}, more)));
    return el(
      "dl",
      { class: "tiles" },
      tile("Videos", number(this.sum("videos")), this.lost()),
      tile("Spent", credits(this.sum("credits")), dollars(this.sum("dollars"))),
      tile("Waiting", number(waiting.videos), waiting.videos ? `will cost about ${price(waiting) ?? "what nobody knows"}` : "nothing more to pay"),
    );
  }

  switch() {
    const choices = Object.entries(METRICS).map(([key, { name }]) => {
      const input = el("input", { type: "radio", name: "metric", value: key, checked: key === this.metric });
      input.addEventListener("change", () => {
        this.metric = key;
        this.width = null;
        this.draw();
        this.element.querySelector(".legend").replaceWith(this.legend());
      });
      return el("label", {}, input, el("span", {}, name));
    });
    return el("fieldset", { class: "switch" }, el("legend", {}, "By day (UTC) and DAG"), ...choices);
  }

  draw() {
    const width = Math.floor(this.drawing.clientWidth);
    if (!this.data?.days.length || !width || width === this.width) return;
    this.width = width;
    const { name, of, written } = METRICS[this.metric];
    const title = `${name} by day and DAG. The table below has the same numbers.`;
    this.drawing.replaceChildren(chart({ rows: this.data.days, colours: this.colours(), value: of, written, width, title }));
  }

  colours() {
    return series(this.data.days, METRICS[this.metric].of);
  }

  legend() {
    const colours = [...this.colours()];
    const own = colours.filter(([, colour], index) => colour === index).slice(0, 5);
    const rest = colours.length - own.length;
    const items = own.map(([dag, colour]) => el("li", { class: `series-${colour}` }, dag));
    return el("ul", { class: "legend", "aria-hidden": "true" }, ...items, rest > 0 && el("li", { class: "series-5" }, `${rest} more`));
  }

  table() {
    const rows = [...this.data.days].sort((a, b) => b.day.localeCompare(a.day) || a.dag_id.localeCompare(b.dag_id));
    const cells = ({ videos, failed, refused, credits: spent, dollars: money }) => [number(videos ?? 0), number(failed ?? 0), number(refused ?? 0), typeof spent === "number" ? number(spent) : "not known", dollars(money) ?? "not known"];
    const line = (row) => el("tr", {}, el("th", { scope: "row" }, dayName(row.day)), el("td", {}, row.dag_id), ...cells(row).map((text) => el("td", { class: "amount" }, text)));
    const heads = ["Day", "DAG", "Videos", "Failed", "Refused", "Credits", "Dollars"];
    const head = el("tr", {}, ...heads.map((text, index) => el("th", { scope: "col", class: index > 1 ? "amount" : null }, text)));
    const table = el("table", {}, el("caption", {}, "Videos by day and DAG"), el("thead", {}, head), el("tbody", {}, ...rows.map(line)));
    return el("div", { class: "table", tabindex: "0", role: "region", "aria-label": "Videos by day and DAG" }, table);
  }
}
