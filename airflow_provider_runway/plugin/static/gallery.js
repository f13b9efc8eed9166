/**
 * The views that are lists: all videos, and those that failed.
 */

import { chains } from "./chains.js";
import { Card, cardKey } from "./card.js";
import { arrange, el, icon } from "./dom.js";
import { noMatch, firstSteps, nothingFailed } from "./empty.js";
import { count } from "./format.js";
import { FailureRow } from "./failure_row.js";
import { countSet, parameters } from "./filters.js";
import { Listing } from "./listing.js";

/** All videos; extensions stand beside what they extend. */
export function gallery(app, filters) {
  const places = new Map();
  return new Listing(app, {
    label: "Videos",
    ask: parameters(filters, "videos"),
    make: (data) => new Card(data),
    empty: () => (countSet(filters, "videos") ? noMatch(app.clearFilters) : firstSteps()),
    lay(data, shown, list) {
      list.classList.add("cards");
      const nodes = chains(data).map((chain) => {
        const key = cardKey(chain[0]);
        if (!places.has(key)) places.set(key, el("li"));
        return layChain(places.get(key), chain, shown);
      });
      arrange(list, nodes);
    },
  });
}

function layChain(place, chain, shown) {
  const elements = chain.map((each) => shown.get(cardKey(each)).element);
  if (chain.length === 1) {
    place.className = "";
    delete place.dataset.size;
    arrange(place, elements);
    return place;
  }
  place.className = "chain";
  place.dataset.size = String(Math.min(chain.length, 4));
  let head = place.querySelector(":scope > .chain-head");
  let row = place.querySelector(":scope > ol");
  head ??= el("p", { class: "chain-head" });
  row ??= el("ol", { class: "chain-row", tabindex: "0", "aria-label": "A video and its extensions, in order" });
  head.textContent = `${count(chain.length, "part")}, in order`;
  const held = new Map([...row.children].map((item) => [item.querySelector("article"), item]));
  arrange(row, elements.map((each) => held.get(each) ?? el("li", {}, icon("then"), each)));
  arrange(place, [head, row]);
  return place;
}

/** What failed, with reasons. */
export function failures(app, filters) {
  return new Listing(app, {
    label: "Failures",
    ask: { ...parameters(filters, "failures"), state: "failed" },
    make: (data) => new FailureRow(data),
    empty: () => (countSet(filters, "failures") ? noMatch(app.clearFilters) : nothingFailed()),
    lay(data, shown, list) {
      list.classList.add("rows");
      arrange(list, data.map((each) => shown.get(cardKey(each)).element));
    },
  });
}
