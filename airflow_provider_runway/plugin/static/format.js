/**
 * Times, amounts and names, as people read them: in the viewer's time zone and language.
 */

import { el } from "./dom.js";
import { now } from "./api.js";

const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "long" });
const ABSOLUTE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const NUMBER = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const DOLLARS = new Intl.NumberFormat(undefined, { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol" });

const UNITS = [
  ["year", 365 * 86400],
  ["month", 30 * 86400],
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

/** "3 min ago", "in 2 days". */
export function relative(moment) {
  const seconds = (moment - now()) / 1000;
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return RELATIVE.format(Math.trunc(seconds / size), unit);
  }
  return seconds > 0 ? "in a moment" : "just now";
}

/** The whole date and time, in the viewer's time zone. */
export function absolute(moment) {
  return ABSOLUTE.format(moment);
}

/** A moment that the server gave, in ms; null if there is none or it makes no sense. */
export function moment(iso) {
  const parsed = Date.parse(iso ?? "");
  return Number.isNaN(parsed) ? null : parsed;
}

/** A <time> that says how long ago, keeps saying it rightly, and has the whole date as its title. */
export function time(iso, kind = "relative") {
  const at = moment(iso);
  if (at === null) return null;
  return el("time", { datetime: new Date(at).toISOString(), title: absolute(at), "data-kind": kind }, KINDS[kind](at));
}

const KINDS = {
  relative,
  day: (at) => DAY.format(at),
  elapsed: (at) => clock(Math.max(0, now() - at) / 1000),
};

/** Bring all that tells a time up to date. */
export function refreshTimes(kind) {
  for (const node of document.querySelectorAll(`time[data-kind="${kind}"]`)) {
    const text = KINDS[kind](Date.parse(node.dateTime));
    if (node.textContent !== text) node.textContent = text;
  }
}

/** "4:05" or "1:02:03". */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** "1,234.5". */
export function number(value) {
  return NUMBER.format(value);
}

/** "12 credits", or null where that is not known. */
export function credits(amount) {
  return isNumber(amount) ? `${number(amount)} ${amount === 1 ? "credit" : "credits"}` : null;
}

/** "$0.06", or null where that is not known. */
export function dollars(amount) {
  return isNumber(amount) ? DOLLARS.format(amount) : null;
}

/** "12 credits · $0.06", or null where neither is known. */
export function price({ credits: amount, dollars: money }) {
  return [credits(amount), dollars(money)].filter(Boolean).join(" · ") || null;
}

/** "3 videos", "1 video". */
export function count(amount, one, many = `${one}s`) {
  return `${number(amount)} ${amount === 1 ? one : many}`;
}

/** A long address with its middle left out: where it lies, and the file's name. */
export function shortPlace(address) {
  const parts = String(address).split("/");
  if (String(address).length <= 40 || parts.length < 5) return String(address);
  return `${parts.slice(0, 3).join("/")}/…/${parts.at(-1)}`;
}

const REASONS = {
  moderation: "Moderation refused it",
  input: "KIE.AI could not use what it was given",
  capacity: "KIE.AI had no room for it",
  service: "KIE.AI could not make the video",
  unknown: "KIE.AI could not make the video",
  unexpected: "It failed unexpectedly",
  invalid_request: "A value breaks a rule",
  connection_settings: "The connection is not right",
  unreadable_file: "A file could not be read",
  credit_floor: "The balance would fall below its floor",
  daily_credit_limit: "The day's credits are used up",
  records_folder: "The folder of records could not be used",
  unreadable_record: "The record of a submission cannot be read",
  not_sent: "KIE.AI could not be reached",
  no_answer: "KIE.AI's answer never came",
  authentication: "The API key was refused",
  insufficient_credits: "There are too few credits",
  permission_denied: "KIE.AI does not allow this",
  not_found: "KIE.AI does not know this",
  bad_request: "KIE.AI did not understand the request",
  rejected: "KIE.AI refused the request",
  rate_limited: "Too many requests",
  quota_exceeded: "The key's quota is used up",
  input_unreachable: "KIE.AI could not fetch an input",
  maintenance: "KIE.AI is under maintenance",
  feature_disabled: "KIE.AI has switched this off",
  server: "KIE.AI has a fault",
  unreadable_answer: "KIE.AI's answer made no sense",
  ambiguous_submission: "Nobody knows whether it was submitted",
  generation_failed: "KIE.AI could not make the video",
  task_not_found: "KIE.AI knows no such task",
  video_expired: "The video has been deleted at KIE.AI",
  missing_video: "KIE.AI gave no video",
  polling_failed: "KIE.AI did not say how it goes",
  wait_timeout: "It was not ready in time",
  not_finished: "It was not ready to be stored",
  download: "The video could not be fetched",
  dead_link: "The video's link is dead",
  not_a_video: "The link led to no video",
  film: "The film could not be made",
  target_exists: "Another file is where it should be stored",
  target_unwritable: "It could not be stored",
};

/** A failure's reason as a headline. A reason that is new here is shown as words. */
export function reasonTitle(reason) {
  if (!reason) return "It failed";
  if (Object.hasOwn(REASONS, reason)) return REASONS[reason];
  const words = String(reason).replace(/_/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
