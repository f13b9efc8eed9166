/**
 * The page: which view is shown, for which filters.
 */

import { Balances } from "./balances.js";
import { shortRun } from "./card.js";
import { arrange, el, icon, present, say } from "./dom.js";
import { FilmStrip, TaskVideo } from "./film.js";
import { filterForm, readFilters, writeFilters } from "./filters.js";
import { refreshTimes } from "./format.js";
import { airflowLink, allVideosLink, freeLinks, isTab, openedWith, writeAddress } from "./frame.js";
import { failures, gallery } from "./gallery.js";
import { Live } from "./live.js";
import { Notices } from "./notices.js";
import { refreshProgress } from "./progress.js";
import { followTheme } from "./theme.js";
import { Totals } from "./totals.js";

const VIEWS = { videos: "Videos", live: "Live", failures: "Failures", totals: "Totals" };
const MAKE = {
  videos: gallery,
  failures,
  live: (app, filters) => new Live(app, filters),
  totals: (app, filters) => new Totals(app, filters),
};

class App {
  constructor() {
    this.head = document.getElementById("head");
    this.main = document.getElementById("view");
    this.put = null; // what is to be shown with the next answer
    this.notices = new Notices(document.getElementById("notices"), () => this.put?.());
    this.balances = new Balances();
    this.known = { dags: new Set(), models: new Set() };
    this.clearFilters = () => this.go({ view: this.route.view, filters: {} });
  }

  /** Remember what can be chosen in the filters. */
  learn(videos) {
    for (const each of videos) {
      this.known.dags.add(each.dag_id);
      if (each.model) this.known.models.add(each.model);
    }
  }

  open({ search, hash }) {
    const view = hash.slice(1);
    this.show({ view: Object.hasOwn(VIEWS, view) ? view : "videos", filters: readFilters(search) });
  }

  /** Show another view or other filters, and write them into the address. */
  go({ view, filters }, { isTyped = false, takesFocus = false } = {}) {
    writeAddress(writeFilters(filters), view === "videos" ? "" : `#${view}`, { isNew: !isTyped });
    this.show({ view, filters }, { keepsForm: isTyped });
    if (takesFocus) {
      this.main.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
  }

  show(route, { keepsForm = false } = {}) {
    this.current?.stop();
    this.notices.clear();
    this.route = route;
    const { view, filters } = route;
    const isOne = Boolean(filters.dag_id && filters.run_id);
    if (isOne) this.current = filters.task_id ? new TaskVideo(this, filters) : new FilmStrip(this, filters);
    else this.current = MAKE[view](this, filters);
    const name = isOne ? (filters.task_id ?? "Film strip") : VIEWS[view];
    document.title = `${name} · Runway videos`;
    if (!keepsForm) {
      this.head.replaceChildren(...present(this.heading(isOne)));
      this.form = isOne ? null : filterForm(filters, view, this.known, (changed, isTyped) => this.go({ view, filters: changed }, { isTyped }));
    }
    const parts = present([el("h1", { class: "unseen" }, name), this.form, isOne && this.trail(filters), this.current.element]);
    this.put = () => {
      this.put = null;
      arrange(this.main, parts);
    };
    // While somebody types, what is shown stays until there is something better.
    if (!keepsForm) this.put();
    this.current.start();
    if (!isTab) this.balances.refresh();
  }

  heading(isOne) {
    if (isTab) return [];
    const links = Object.entries(VIEWS).map(([view, text]) =>
      el("a", { href: view === "videos" ? "./" : `#${view}`, "data-view": view, "aria-current": !isOne && view === this.route.view ? "page" : null }, text),
    );
    return [el("nav", { "aria-label": "Views" }, ...links), this.balances.element];
  }

  /** Where one video or run belongs. */
  trail({ dag_id, run_id }) {
    const all = isTab
      ? el("a", { href: allVideosLink(), target: "_top" }, icon("film"), "All videos")
      : el("a", { href: "./", "data-view": "videos" }, icon("film"), "All videos");
    const run = el("a", { href: airflowLink({ dag_id, run_id }), target: "_top", title: `Run ${run_id}` }, `${shortRun(run_id)}, in Airflow`);
    return el("p", { class: "trail" }, all, !isTab && run);
  }
}

const app = new App();

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-inside], a[data-view]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.dataset.view) {
    const { run_id, task_id, map_index, ...filters } = app.route.filters;
    app.go({ view: link.dataset.view, filters: run_id ? {} : filters });
    document.querySelector(`nav a[data-view="${link.dataset.view}"]`)?.focus();
    say(`${VIEWS[link.dataset.view]}.`);
  } else app.go({ view: "videos", filters: readFilters(link.search) }, { takesFocus: true });
});

followTheme();
freeLinks();
const start = openedWith();
writeAddress(start.search, start.hash);
app.open(start);
window.addEventListener("popstate", () => app.open(location));
setInterval(() => {
  if (document.hidden) return;
  refreshTimes("elapsed");
  refreshProgress();
}, 1000);
setInterval(() => document.hidden || refreshTimes("relative"), 20000);
