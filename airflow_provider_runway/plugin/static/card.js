/**
 * A video as a card. It is updated in place, so that one that plays goes on while it gets older.
 */

import { mediaAddress, now } from "./api.js";
import { el, icon, present } from "./dom.js";
import { failure } from "./failure.js";
import { clock, moment, price, reasonTitle, shortPlace, time } from "./format.js";
import { airflowLink } from "./frame.js";
import { Player, playerKey, source } from "./player.js";
import { isLost, isWaiting, progress, queueLine, STATES } from "./progress.js";

const SOON = 2 * 86400 * 1000; // a link that dies within two days is marked

/** What tells a card from all others. */
export function cardKey({ dag_id, run_id, task_id, map_index }) {
  return JSON.stringify([dag_id, run_id, task_id, map_index ?? -1]);
}

/** The address of the page for one task instance, or a run. */
export function insideLink({ dag_id, run_id, task_id = null, map_index = -1 }) {
  const query = new URLSearchParams({ dag_id, run_id });
  if (task_id !== null) query.set("task_id", task_id);
  if (task_id !== null && map_index >= 0) query.set("map_index", map_index);
  return `?${query}`;
}

export class Card {
  /** @param isWhole whether it is shown alone, with all that is known */
  constructor(data, { isWhole = false } = {}) {
    this.isWhole = isWhole;
    this.media = el("div", { class: "media" });
    this.body = el("div", { class: "body" });
    this.element = el("article", { class: isWhole ? "card whole" : "card" }, this.media, this.body);
    this.update(data);
  }

  /** @param data what the server says of it now */
  update(data) {
    const seen = JSON.stringify(data);
    if (this.seen === seen) return;
    this.seen = seen;
    const turned = this.data && isWaiting(this.data) && data.state === "finished";
    this.data = data;
    this.element.dataset.state = data.state;
    this.showMedia();
    this.body.replaceChildren(...this.lines());
    if (turned) this.player?.autoplay();
  }

  showMedia() {
    const { data } = this;
    const key = isWaiting(data) ? this.seen : playerKey(data);
    if (this.mediaKey === key) return;
    this.mediaKey = key;
    this.player = null;
    if (isWaiting(data)) this.media.replaceChildren(this.waiting());
    else if (isLost(data)) this.media.replaceChildren(this.failed());
    else {
      this.player = new Player(data);
      this.media.replaceChildren(this.player.element, this.corner());
    }
  }

  waiting() {
    return el("div", { class: "screen waits" }, el("span", { class: `state ${this.data.state}` }, STATES[this.data.state]), progress(this.data));
  }

  failed() {
    const what = reasonTitle(this.data.failure?.reason);
    return el("div", { class: "screen failed" }, icon("alert"), el("p", {}, what));
  }

  corner() {
    const { seconds, duration } = this.data;
    const length = seconds ?? duration;
    return el("div", { class: "corner", "aria-hidden": "true" }, ...present([length ? clock(length) : null]));
  }

  lines() {
    const { data } = this;
    return present([
      this.title(),
      this.facts(),
      isWaiting(data) && queueLine(data),
      isLost(data) && failure(data, { isShort: !this.isWhole }),
      data.media_note && source(data) && el("p", { class: "media-note" }, data.media_note),
      pathLine(data),
      this.isWhole && this.details(),
      this.foot(),
    ]);
  }

  title() {
    const { data } = this;
    const prompt = data.prompt || data.task_id;
    const text = el("span", { dir: "auto" }, prompt);
    if (this.isWhole) return el("h2", { class: "prompt" }, text);
    return el("h3", { class: "prompt", title: data.prompt || null }, el("a", { href: insideLink(data), "data-inside": true }, text));
  }

  facts() {
    const { data } = this;
    const length = data.seconds ?? data.duration;
    const quality = [length ? `${Math.round(length * 10) / 10} s` : null, data.quality, this.isWhole ? data.aspect_ratio : null].filter(Boolean).join(" · ");
    // What waits says so where its picture will be.
    const state = isWaiting(data) ? null : el("span", { class: `state ${data.state}` }, STATES[data.state] ?? data.state);
    const model = data.model && data.model !== data.kind ? data.model : KINDS[data.kind] ?? data.kind;
    const parts = [state, quality, data.parent_task_id ? "Extension" : model].filter(Boolean);
    return el("p", { class: "facts" }, ...parts.map((part) => (typeof part === "string" ? el("span", {}, part) : part)));
  }

  foot() {
    const { data } = this;
    const made = time(data.completed_at) ?? time(data.submitted_at);
    const cost = isLost(data) ? null : price(data);
    return el(
      "ul",
      { class: "foot" },
      ...present([
        made && el("li", {}, icon("clock"), made),
        cost && el("li", { class: "cost" }, cost),
        data.saved_to && !this.isWhole && el("li", { class: "place", title: data.saved_to }, icon("saved"), el("span", {}, shortPlace(data.saved_to))),
        this.expiry(),
      ]),
    );
  }

  /** What is only of interest where one video is looked at. */
  details() {
    const { data } = this;
    const known = {
      "KIE task": data.kie_task_id && el("code", {}, data.kie_task_id),
      Extends: data.parent_task_id && el("code", {}, data.parent_task_id),
      Connection: data.conn_id && el("code", {}, data.conn_id),
      Submitted: time(data.submitted_at),
      Ready: data.state === "finished" && time(data.completed_at),
      Try: data.try_number > 1 && String(data.try_number),
      "Stored at": data.saved_to && el("code", {}, data.saved_to),
      Files: data.files?.length && files(data.files),
    };
    const shown = Object.entries(known).filter(([, value]) => value);
    return el("dl", { class: "details" }, ...shown.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
  }

  expiry() {
    const { data } = this;
    const dies = moment(data.expires_at);
    if (dies === null || data.state !== "finished") return null;
    const isDead = dies <= now();
    const isSoon = dies - now() < SOON;
    if (isDead) return el("li", { class: data.saved_to ? "link" : "link dead" }, el("span", {}, "Link died ", time(data.expires_at)));
    const mark = isSoon ? (data.saved_to ? "link soon safe" : "link soon") : "link";
    return el("li", { class: mark }, isSoon && !data.saved_to && icon("alert"), el("span", {}, "Link dies ", time(data.expires_at)));
  }
}

/** All files of a task that has made several, each a link where it can be had. */
function files(all) {
  const named = all.map(({ type, url, saved_to }, place) => {
    const name = `${place + 1} ${type}`;
    const address = mediaAddress(url);
    return el("li", { title: saved_to }, address ? el("a", { href: address, target: "_blank", rel: "noreferrer" }, name) : name);
  });
  return el("ul", { class: "files" }, ...named);
}

/** DAG, run and task, each a link into Airflow. */
export function pathLine({ dag_id, run_id, task_id, map_index }) {
  const link = (text, target, title) => el("a", { href: airflowLink(target), target: "_top", title }, text);
  const index = map_index >= 0 ? ` [${map_index}]` : "";
  return el(
    "p",
    { class: "path" },
    el(
      "span",
      {},
      link(dag_id, { dag_id }, `DAG ${dag_id}`),
      el("i", { "aria-hidden": "true" }, "/"),
      link(`${task_id}${index}`, { dag_id, run_id, task_id, map_index }, `Task ${task_id}${index}`),
    ),
    el("span", {}, link(shortRun(run_id), { dag_id, run_id }, `Run ${run_id}`)),
  );
}

const KINDS = {
  runway: "Runway",
  aleph: "Aleph",
  job: "Job",
  veo: "Veo",
  "veo-1080p": "Veo in 1080p",
  "veo-4k": "Veo in 4K",
  "4o-image": "4o Image",
  "flux-kontext": "Flux Kontext",
  suno: "Suno",
};

/** A run's id as people tell runs apart: how it was started, and when. */
export function shortRun(run_id) {
  const found = /^(manual|scheduled|backfill|asset_triggered|dataset_triggered|operator_triggered)__(.+)$/.exec(run_id);
  const at = moment(found?.[2].replace(/_[A-Za-z0-9]{8}$/, ""));
  if (at === null) return run_id;
  const short = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" });
  const how = found[1].split("_")[0];
  return `${how.charAt(0).toUpperCase()}${how.slice(1)} run, ${short.format(at)}`;
}
