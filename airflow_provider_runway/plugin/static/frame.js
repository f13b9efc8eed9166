/**
 * This page stands in a frame of Airflow's, which may neither move the window nor open another. The window is of the
 * same origin, though: links are followed by a twin of the link there, and its address carries our filters.
 */

import { AIRFLOW } from "./api.js";

/** Airflow's window, if this page stands in it as a page of its own or a tab; else null. */
const outer = (() => {
  try {
    return window.parent !== window && window.parent.location.origin === location.origin ? window.parent : null;
  } catch {
    return null; // another origin has framed us
  }
})();

/** Whether Airflow's address is ours to write: on the entry of the navigation, not on the tabs of a run or a task. */
const isWholePage = outer !== null && /\/plugin\/[^/]+(\/|$)/.test(outer.location.pathname) && !outer.location.pathname.includes("/dags/");

/** Whether this page stands in a tab of a run or a task, which has its own heading. */
export const isTab = outer !== null && !isWholePage;

/** Search and fragment that this page was opened with. */
export function openedWith() {
  // Airflow 3.1 puts the id of a run into a tab's address as it is, with the "+" of its time zone.
  const own = { search: isTab ? location.search.replaceAll("+", "%2B") : location.search, hash: location.hash };
  return isWholePage && !own.search && !own.hash
    ? { search: outer.location.search, hash: outer.location.hash }
    : own;
}

/** Write search and fragment where a person would copy the address from. */
export function writeAddress(search, hash, { isNew = false } = {}) {
  const here = `${location.pathname}${search}${hash}`;
  if (isNew) history.pushState(null, "", here);
  else history.replaceState(null, "", here);
  shareAddress();
}

/** Bring Airflow's address up to ours. */
export function shareAddress() {
  if (!isWholePage) return;
  outer.history.replaceState(outer.history.state, "", `${outer.location.pathname}${location.search}${location.hash}`);
}

/** Let links leave the frame. */
export function freeLinks() {
  if (outer === null) return;
  const follow = (event) => {
    const link = event.target.closest?.("a[target]");
    if (!link || event.defaultPrevented || event.button > 1) return;
    event.preventDefault();
    const twin = outer.document.createElement("a");
    const isElsewhere = link.target === "_blank" || event.button === 1 || event.ctrlKey || event.metaKey || event.shiftKey;
    twin.href = link.href;
    twin.rel = "noopener noreferrer";
    if (isElsewhere) twin.target = "_blank";
    twin.click();
  };
  document.addEventListener("click", follow);
  document.addEventListener("auxclick", follow);
}

const part = encodeURIComponent;

/** Where Airflow shows a DAG, a run of it, or a task instance. */
export function airflowLink({ dag_id, run_id = null, task_id = null, map_index = -1 }) {
  let path = `dags/${part(dag_id)}`;
  if (run_id !== null) path += `/runs/${part(run_id)}`;
  if (task_id !== null) path += `/tasks/${part(task_id)}`;
  if (task_id !== null && map_index >= 0) path += `/mapped/${map_index}`;
  return new URL(path, AIRFLOW).href;
}

/** The page with all videos. */
export function allVideosLink() {
  return new URL("plugin/runway-videos", AIRFLOW).href;
}

/** Where Airflow lets a person log in, and brings them back. */
export function loginLink() {
  const url = new URL("api/v2/auth/login", AIRFLOW);
  url.searchParams.set("next", (outer ?? window).location.href);
  return url.href;
}
