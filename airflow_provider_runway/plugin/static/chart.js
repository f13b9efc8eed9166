/**
 * A bar for each day, one colour for each DAG. The same numbers stand in a table below it.
 */

import { svg } from "./dom.js";

const HEIGHT = 220;
const LEFT = 48;
const BOTTOM = 24;
const TOP = 10;
const LEGEND = 5; // DAGs with a colour of their own; the rest is one

const DAY = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", timeZone: "UTC" });

/** A day such as "2026-11-26" as people write it. */
export function dayName(day) {
  return DAY.format(new Date(`${day}T00:00:00Z`));
}

/** All days from the first to the last, those without videos too. */
export function everyDay(days) {
  const found = [...new Set(days)].sort();
  if (!found.length) return [];
  const all = [];
  const last = Date.parse(`${found.at(-1)}T00:00:00Z`);
  for (let at = Date.parse(`${found[0]}T00:00:00Z`); at <= last && all.length < 400; at += 86400000) {
    all.push(new Date(at).toISOString().slice(0, 10));
  }
  return all;
}

/** The DAGs with most of something, each with its colour's number; all others share the last. */
export function series(rows, value) {
  const sums = new Map();
  for (const row of rows) sums.set(row.dag_id, (sums.get(row.dag_id) ?? 0) + (value(row) ?? 0));
  const sorted = [...sums.keys()].sort((a, b) => sums.get(b) - sums.get(a) || a.localeCompare(b));
  return new Map(sorted.map((dag, index) => [dag, Math.min(index, LEGEND)]));
}

/** A round number that is not below the highest bar, and the step between lines. */
function scale(highest) {
  const rough = Math.max(highest, 1e-9) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough);
  return { step, top: step * Math.max(1, Math.ceil(highest / step)) };
}

/**
 * @param rows of the totals
 * @param colours of `series`
 * @param value what of a row is drawn
 * @param written how a value is written
 * @param width in pixels
 * @param title what a screen reader says
 */
export function chart({ rows, colours, value, written, width, title }) {
  const days = everyDay(rows.map((row) => row.day));
  const sums = new Map(days.map((day) => [day, 0]));
  for (const row of rows) sums.set(row.day, sums.get(row.day) + (value(row) ?? 0));
  const { step, top } = scale(Math.max(0, ...sums.values()));
  const inner = { width: width - LEFT - 8, height: HEIGHT - TOP - BOTTOM };
  const y = (amount) => TOP + inner.height * (1 - amount / top);
  const slot = inner.width / days.length;
  const bar = Math.max(2, Math.min(36, slot * 0.7));

  const lines = [];
  for (let at = 0; at <= top + step / 2; at += step) {
    lines.push(svg("line", { x1: LEFT, x2: width - 8, y1: y(at), y2: y(at), class: "grid" }));
    lines.push(svg("text", { x: LEFT - 8, y: y(at) + 4, "text-anchor": "end" }, written(at)));
  }
  const every = Math.max(1, Math.ceil(days.length / Math.max(2, Math.floor(inner.width / 70))));
  const bars = days.flatMap((day, index) => {
    const middle = LEFT + slot * (index + 0.5);
    const parts = rows.filter((row) => row.day === day && value(row) > 0).sort((a, b) => colours.get(a.dag_id) - colours.get(b.dag_id));
    let below = 0;
    const drawn = parts.map((row) => {
      const amount = value(row);
      const height = Math.max(1, y(below) - y(below + amount) - 1);
      const rect = svg("rect", { x: middle - bar / 2, width: bar, y: y(below + amount), height, rx: 2, class: `series-${colours.get(row.dag_id)}` });
      rect.append(svg("title", {}, `${dayName(day)}, ${row.dag_id}: ${written(amount)}`));
      below += amount;
      return rect;
    });
    const label = index % every ? [] : [svg("text", { x: middle, y: HEIGHT - 6, "text-anchor": "middle" }, dayName(day))];
    return [...drawn, ...label];
  });
  return svg("svg", { class: "chart", viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": title }, ...lines, ...bars);
}
