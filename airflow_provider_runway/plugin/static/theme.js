/**
 * Light or dark as the viewer's Airflow. Airflow (3.1 to 3.4) keeps the choice in localStorage under "theme": "light",
 * "dark", or "system"; without a choice the system's counts.
 */

const KEY = "theme";
const system = window.matchMedia("(prefers-color-scheme: dark)");

function chosen() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage is switched off
  }
}

function apply() {
  const choice = chosen();
  const isDark = choice === "dark" || (choice !== "light" && system.matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
}

/** Follow the choice from now on; Airflow's own window tells of changes by a storage event. */
export function followTheme() {
  apply();
  system.addEventListener("change", apply);
  window.addEventListener("storage", (event) => {
    if (event.key === KEY || event.key === null) apply();
  });
}
