/**
 * What is shown: DAG, state, model, time, and words of the prompt. All of it stands in the address, to be shared.
 */

import { get } from "./api.js";
import { el, icon, present } from "./dom.js";

const NAMES = ["q", "dag_id", "state", "model", "when", "since", "until", "run_id", "task_id", "map_index"];
const WHEN = { "": "Any time", "1d": "Today", "7d": "Last 7 days", "30d": "Last 30 days", "90d": "Last 90 days", between: "Between two days" };
const DEFAULT = { totals: { when: "30d" } };
const STATES = { "": "Any state", waiting: "Waiting", finished: "Finished", saved: "Stored", failed: "Failed or refused" };

/** Which filters a view has. */
export const OF_VIEW = {
  videos: ["q", "dag_id", "state", "model", "when"],
  live: ["q", "dag_id", "model"],
  failures: ["q", "dag_id", "model", "when"],
  totals: ["dag_id", "when"],
};

/** Filters out of an address; what is empty or unknown is left out. */
export function readFilters(search) {
  const given = new URLSearchParams(search);
  const filters = {};
  for (const name of NAMES) if (given.get(name)?.trim()) filters[name] = given.get(name).trim();
  // Airflow leaves its placeholder where a task is not mapped.
  if (!/^\d+$/.test(filters.map_index ?? "")) delete filters.map_index;
  if (!Object.hasOwn(STATES, filters.state ?? "")) delete filters.state;
  if (!Object.hasOwn(WHEN, filters.when ?? "")) delete filters.when;
  for (const name of ["since", "until"]) if (!day(filters[name])) delete filters[name];
  if (filters.since || filters.until) filters.when = "between";
  return filters;
}

/** The same as the search of an address, in one order, so that equal filters have equal addresses. */
export function writeFilters(filters) {
  const query = new URLSearchParams();
  for (const name of NAMES) {
    if (name === "when" && filters.when === "between") continue; // its days say so
    if (filters[name]) query.set(name, filters[name]);
  }
  const text = query.toString();
  return text ? `?${text}` : "";
}

/** Parameters for our endpoints: of the filters that a view has, with whole days of the viewer's time zone. */
export function parameters(filters, view) {
  const has = (name) => OF_VIEW[view].includes(name);
  const { q, dag_id, state, model } = Object.fromEntries(Object.entries(filters).filter(([name]) => has(name)));
  return { q, dag_id, state, model, ...(has("when") ? span({ ...DEFAULT[view], ...filters }) : {}) };
}

function span({ when, since, until }) {
  const start = new Date();
  start.setHours(0, 0, 0, 0);
  if (/^\d+d$/.test(when ?? "")) {
    start.setDate(start.getDate() - (Number.parseInt(when, 10) - 1));
    return { since: start.toISOString() };
  }
  const [from, to] = [day(since), day(until)];
  to?.setDate(to.getDate() + 1);
  return { since: from?.toISOString(), until: to?.toISOString() };
}

/** Midnight of a day such as "2026-11-26", in the viewer's time zone; null if it is none. */
function day(text) {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text ?? "")) return null;
  const midnight = new Date(`${text}T00:00:00`);
  return Number.isNaN(midnight.getTime()) ? null : midnight;
}

/** How many filters of a view are set. */
export function countSet(filters, view) {
  return OF_VIEW[view].filter((name) => filters[name]).length;
}

const TYPING = 350; // ms without a key before a search begins

/**
 * The form.
 * @param changed given the new filters, and whether they came by typing
 */
export function filterForm(filters, view, known, changed) {
  const shown = { ...DEFAULT[view], ...filters };
  const fields = OF_VIEW[view].map((name) => FIELDS[name](shown, known, view));
  const clear = el("button", { type: "reset", class: "quiet" }, "Clear filters");
  const form = el("form", { class: "filters", role: "search", "aria-label": "Filters" }, ...fields, clear);
  const toggle = el("button", { type: "button", class: "quiet filter-toggle", "aria-expanded": "false" }, icon("filter"), el("span"));
  const showCount = (set) => {
    clear.hidden = set === 0;
    toggle.lastChild.textContent = set ? `Filters · ${set} set` : "Filters";
  };
  showCount(countSet(filters, view));
  let typing;
  let told = JSON.stringify(filters);
  const tell = (isTyped) => {
    clearTimeout(typing);
    const given = readForm(form, filters);
    // A field that loses its focus because the form goes away tells of a change, too.
    if (!form.isConnected || JSON.stringify(given) === told) return;
    told = JSON.stringify(given);
    showCount(countSet(given, view));
    changed(given, isTyped);
  };
  form.addEventListener("input", (event) => {
    if (event.target.tagName === "SELECT" || event.target.type === "date") return;
    clearTimeout(typing);
    typing = setTimeout(() => tell(true), TYPING);
  });
  form.addEventListener("change", (event) => {
    const days = form.querySelector(".days");
    if (days) days.hidden = form.elements.when.value !== "between";
    if (event.target.name === "when" && event.target.value === "between") form.elements.since.focus();
    else tell(event.target.tagName === "INPUT");
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    tell(false);
  });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    changed(Object.fromEntries(Object.entries(filters).filter(([name]) => ["run_id", "task_id", "map_index"].includes(name))), false);
  });
  toggle.addEventListener("click", () => {
    const isOpen = form.toggleAttribute("data-open");
    toggle.setAttribute("aria-expanded", String(isOpen));
  });
  return el("div", { class: "filter-bar" }, toggle, form);
}

function readForm(form, before) {
  const filters = { ...before };
  for (const field of form.elements) {
    if (!field.name) continue;
    if (field.value.trim()) filters[field.name] = field.value.trim();
    else delete filters[field.name];
  }
  if (filters.when !== "between") {
    delete filters.since;
    delete filters.until;
  }
  return filters;
}

const field = (label, control, name) => el("label", { class: `field ${name}` }, el("span", {}, label), control);

function select(name, options, value) {
  const choices = Object.entries(options).map(([key, text]) => el("option", { value: key, selected: key === (value ?? "") }, text));
  return el("select", { name }, ...choices);
}

function suggest(name, value, placeholder, options, learn) {
  const list = el("datalist", { id: `known-${name}` });
  const show = () => list.replaceChildren(...[...options].sort().map((each) => el("option", { value: each })));
  const input = el("input", { name, type: "text", value, placeholder, list: list.id, autocomplete: "off", spellcheck: "false" });
  input.addEventListener("focus", async () => {
    show();
    await learn?.(options);
    show();
  });
  return [input, list];
}

/** DAGs that have made videos, asked for once, when somebody is about to choose one. */
async function learnDags(options) {
  if (learnDags.done) return;
  learnDags.done = true;
  const { days } = await get("totals").catch(() => ({ days: [] }));
  for (const each of days) options.add(each.dag_id);
}

const FIELDS = {
  q: ({ q }) => field("Prompt", el("input", { name: "q", type: "search", value: q, placeholder: "Words of the prompt", autocomplete: "off" }), "wide"),
  dag_id: ({ dag_id }, { dags }) => field("DAG", suggest("dag_id", dag_id, "Any DAG", dags, learnDags), "text"),
  state: ({ state }) => field("State", select("state", STATES, state), "choice"),
  model: ({ model }, { models }) => field("Model", suggest("model", model, "Any model", models), "text"),
  when: ({ when, since, until }, _, view) => {
    const { "": always, ...limited } = WHEN;
    const days = el(
      "span",
      { class: "days", hidden: when !== "between" },
      ...present([
        field("From", el("input", { name: "since", type: "date", value: since }), "date"),
        field("To", el("input", { name: "until", type: "date", value: until }), "date"),
      ]),
    );
    return [field("Made", select("when", DEFAULT[view] ? limited : WHEN, when), "choice"), days];
  },
};
