/**
 * A button that copies a text.
 */

import { el, say } from "./dom.js";

export function copyButton(text, label = "Copy") {
  const button = el("button", { type: "button", class: "quiet copy", onclick: copy }, label);
  async function copy() {
    const isDone = await copied(text);
    button.textContent = isDone ? "Copied" : "Select it, and copy by keyboard";
    say(button.textContent);
    setTimeout(() => (button.textContent = label), 2500);
  }
  return button;
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Over plain HTTP a page has no clipboard; an old way is left.
    const area = el("textarea", { class: "unseen", "aria-hidden": "true", tabindex: "-1" });
    area.value = text;
    document.body.append(area);
    area.select();
    const isDone = document.execCommand("copy");
    area.remove();
    return isDone;
  }
}
