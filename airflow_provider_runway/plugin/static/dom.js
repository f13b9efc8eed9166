/**
 * Elements, made from text alone. Nothing here reads markup, so prompts and messages cannot bring any.
 */

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element: attributes, `on…` listeners, and children; what is null or false is left out. */
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element, made the same way. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...present(children));
  return node;
}

/** Children without those that are not there. */
export function present(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Put these nodes into a parent, in this order, and touch only what is not in its place: a video that plays goes on. */
export function arrange(parent, nodes) {
  const stays = new Set(nodes);
  for (const child of [...parent.childNodes]) if (!stays.has(child)) child.remove();
  let place = parent.firstChild;
  for (const node of nodes) {
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
  }
}

const ICONS = {
  play: ["M8 5.2v13.6a.8.8 0 0 0 1.2.7l11-6.8a.8.8 0 0 0 0-1.4l-11-6.8A.8.8 0 0 0 8 5.2Z"],
  out: ["M14 4h6v6", "M20 4l-9 9", "M18 14v4.5A1.5 1.5 0 0 1 16.5 20h-11A1.5 1.5 0 0 1 4 18.5v-11A1.5 1.5 0 0 1 5.5 6H10"],
  alert: ["M12 3.5 2.5 20h19L12 3.5Z", "M12 10v4.5", "M12 17.2v.1"],
  clock: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z", "M12 7.5V12l3 2"],
  saved: ["M5 4h11l3 3v13H5V4Z", "M8 4v5h7V4", "M8 20v-6h8v6"],
  then: ["M5 12h14", "M13 6l6 6-6 6"],
  filter: ["M4 6h16", "M7 12h10", "M10 18h4"],
  sound: ["M9 18V6l11-2v12", "M9 18a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0Z", "M20 16a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0Z"],
  film: ["M4 5h16v14H4z", "M8 5v14", "M16 5v14", "M4 9.7h4", "M4 14.3h4", "M16 9.7h4", "M16 14.3h4"],
};

/** A small picture that says nothing to a screen reader. */
export function icon(name) {
  const paths = ICONS[name].map((d) => svg("path", { d }));
  return svg("svg", { class: `icon icon-${name}`, viewBox: "0 0 24 24", "aria-hidden": "true" }, ...paths);
}

/** Tell a screen reader, and nobody else. */
export function say(sentence) {
  document.getElementById("said").textContent = sentence;
}
