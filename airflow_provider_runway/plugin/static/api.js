/**
 * Questions to our own endpoints, with the viewer's login. A refusal becomes a sentence for people.
 */

/** Where this page is, below Airflow's own address. */
const PAGE = new URL(".", document.baseURI);
/** Airflow's own address, with whatever path it is served below. */
export const AIRFLOW = new URL("..", PAGE);

// How far the server's clock is before ours, in ms: elapsed times are counted by the server's.
let ahead = 0;

/** The time by the server's clock, in ms. */
export function now() {
  return Date.now() + ahead;
}

/** What went wrong, as a sentence; `status` is 0 where nothing was answered. */
export class ApiError extends Error {
  constructor(status, detail) {
    super(sentence(status, detail));
    this.status = status;
  }
}

function sentence(status, detail) {
  const said = typeof detail === "string" && detail ? ` ${detail}` : "";
  if (status === 0) return "Airflow cannot be reached from here.";
  if (status === 401) return "You are not logged in any more.";
  if (status === 403) return `You have no right to this.${said}`;
  if (status === 404) return said.trim() || "Airflow knows nothing of this.";
  if (status >= 500) return `Airflow answered with an error (${status}).${said}`;
  return said.trim() || `Airflow refused this (${status}).`;
}

/** GET of one of our endpoints; parameters that are empty are left out. */
export function get(path, parameters = {}, signal = undefined) {
  const url = new URL(`api/${path}`, PAGE);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") url.searchParams.set(name, value);
  }
  return ask(url, { signal });
}

/** POST to one of our endpoints; that it is JSON is what no form on another site can say. */
export function post(path) {
  return ask(new URL(`api/${path}`, PAGE), { method: "POST", headers: { "Content-Type": "application/json" } });
}

async function ask(url, options) {
  let answer;
  try {
    answer = await fetch(url, { ...options, credentials: "same-origin", cache: "no-store", redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0);
  }
  const date = Date.parse(answer.headers.get("Date") ?? "");
  if (date && Math.abs(date - Date.now()) > 2000) ahead = date - Date.now();
  const body = await answer.json().catch(() => null);
  if (!answer.ok) throw new ApiError(answer.status, body?.detail);
  if (body === null) throw new ApiError(502, "It was no JSON.");
  return body;
}

/** The address of a stored file's player or picture, which the server gives relative to this page or whole. */
export function mediaAddress(address) {
  if (!address) return null;
  try {
    const url = new URL(address, PAGE);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
