/**
 * A video in its place: a picture, a silent preview while a pointer rests on it, and the video itself once pressed.
 * Sound plays below its picture; a picture is shown, and any other file linked.
 */

import { mediaAddress, now, post } from "./api.js";
import { el, icon, present, say } from "./dom.js";
import { moment } from "./format.js";

const RESTS = 150; // ms that a pointer stays before a preview starts
const still = window.matchMedia("(prefers-reduced-motion: reduce)");
const hovers = window.matchMedia("(hover: hover) and (pointer: fine)");

const NAMES = { video: "Video", audio: "Sound", image: "Picture", subtitle: "Subtitles", data: "File" };

// The one that plays with sound.
let loud = null;

/** Where a video can be played from: the stored copy, or KIE's link while that lives; else null. */
export function source(card) {
  const stored = mediaAddress(card.media_url);
  if (stored) return stored;
  const dies = moment(card.expires_at);
  return card.video_url && (dies === null || dies > now()) ? mediaAddress(card.video_url) : null;
}

/** What tells one player from another: a card that only gets older keeps its own. */
export function playerKey(card) {
  return JSON.stringify([card.state, card.medium, source(card), card.image_url, card.media_note]);
}

export class Player {
  /** @param card a finished video */
  constructor(card) {
    this.card = card;
    this.address = source(card);
    this.element = el("div", { class: "screen" });
    this.isSound = card.medium === "audio";
    if (!this.address) this.showGone();
    else if (card.medium === "image") this.showImage();
    else if (this.isSound || card.medium === "video") this.showPicture();
    else this.element.replaceChildren(el("div", { class: "note" }, this.opened("Open the file")));
  }

  /** Play from here on without sound, as what has just become ready. */
  autoplay() {
    if (this.address && this.card.medium === "video" && !still.matches) this.engage({ isMuted: true, takesFocus: false });
  }

  /** Play, with sound if nothing speaks against it. */
  async engage({ isMuted = false, takesFocus = true } = {}) {
    this.endPreview();
    if (!isMuted) {
      if (loud && loud !== this) loud.video?.pause();
      loud = this;
    }
    const video = this.makeVideo({ controls: true, loop: isMuted, muted: isMuted });
    this.video = video;
    video.addEventListener("play", () => {
      if (video.muted) return;
      if (loud && loud !== this) loud.video?.pause();
      loud = this;
    });
    video.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || document.fullscreenElement) return;
      event.stopPropagation();
      this.showPicture();
      this.element.querySelector(".play")?.focus();
    });
    this.element.replaceChildren(...present([this.isSound && this.picture(), video]));
    if (takesFocus) video.focus();
    await video.play().catch(() => null); // what cannot be played says so by its error event
  }

  /** Start from the beginning, with others; see `playTogether`. */
  async restart() {
    if (!this.video?.isConnected) await this.engage({ isMuted: true, takesFocus: false });
    this.video.currentTime = 0;
    await this.video.play().catch(() => null);
  }

  makeVideo(properties) {
    const kind = this.isSound ? "audio" : "video";
    const video = el(kind, { playsinline: !this.isSound, tabindex: "0", "aria-label": this.label() });
    Object.assign(video, { preload: "auto", ...properties, src: this.address });
    video.addEventListener("error", () => this.showBroken());
    return video;
  }

  label() {
    return `${NAMES[this.card.medium] ?? "Video"}: ${this.card.prompt || this.card.task_id}`;
  }

  /** A link to the file, beside this page. */
  opened(...content) {
    return el("a", { href: this.address, target: "_blank", rel: "noreferrer", "aria-label": `Open. ${this.label()}` }, ...content);
  }

  showImage() {
    const image = el("img", { alt: "", loading: "lazy", decoding: "async", referrerpolicy: "no-referrer" });
    image.addEventListener("error", () => image.isConnected && this.showBroken());
    image.src = this.address;
    this.element.replaceChildren(this.opened(image));
  }

  showPicture() {
    this.video?.pause();
    this.video = null;
    const button = el("button", { type: "button", class: "play", "aria-label": `Play. ${this.label()}` }, icon("play"));
    button.addEventListener("click", () => this.engage());
    this.element.replaceChildren(this.picture(), button);
    this.element.onmouseenter = () => this.preview();
    this.element.onmouseleave = () => this.endPreview();
  }

  picture() {
    const address = mediaAddress(this.card.image_url);
    if (!address) return this.isSound ? el("div", { class: "sound" }, icon("sound")) : this.firstFrame();
    const image = el("img", { alt: "", loading: "lazy", decoding: "async", referrerpolicy: "no-referrer" });
    image.addEventListener("error", () => image.isConnected && image.replaceWith(this.isSound ? "" : this.firstFrame()));
    image.src = address;
    return image;
  }

  /** The video's beginning, in place of a picture that is gone; fetched when it comes into sight. */
  firstFrame() {
    const video = el("video", { class: "still", muted: true, playsinline: true, tabindex: "-1", "aria-hidden": "true" });
    Object.assign(video, { preload: "none", muted: true });
    new IntersectionObserver((seen, observer) => {
      if (!seen.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      Object.assign(video, { preload: "metadata", src: `${this.address}#t=0.1` });
    }).observe(video);
    return video;
  }

  preview() {
    if (!hovers.matches || still.matches || this.video || this.isSound) return;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      const video = el("video", { class: "preview", playsinline: true, tabindex: "-1", "aria-hidden": "true" });
      Object.assign(video, { muted: true, loop: true, src: this.address });
      video.addEventListener("playing", () => video.classList.add("plays"));
      this.moving = video;
      this.element.querySelector(".play")?.before(video);
      video.play().catch(() => null);
    }, RESTS);
  }

  endPreview() {
    clearTimeout(this.resting);
    this.moving?.removeAttribute("src");
    this.moving?.remove();
    this.moving = null;
  }

  showBroken() {
    this.endPreview();
    this.showNote(this.card.media_url ? "The stored copy cannot be played." : "The link does not play any more.");
  }

  showGone() {
    const dies = moment(this.card.expires_at);
    const isDead = dies !== null && dies <= now();
    this.showNote(this.card.media_note || (isDead ? `KIE.AI has deleted this ${(NAMES[this.card.medium] ?? "Video").toLowerCase()}.` : "There is nothing to play."));
  }

  showNote(sentence) {
    this.video = null;
    const canRenew = this.card.video_url && !this.card.media_url;
    const renew = el("button", { type: "button", class: "quiet", onclick: () => this.renew(renew) }, "Ask KIE.AI for a new link");
    const shown = present([el("p", {}, sentence), canRenew && renew]);
    this.element.replaceChildren(el("div", { class: "note" }, ...shown));
  }

  async renew(button) {
    button.disabled = true;
    const { dag_id, run_id, task_id, map_index } = this.card;
    try {
      const place = [dag_id, run_id, task_id, map_index].map(encodeURIComponent).join("/");
      const renewed = await post(`videos/${place}/link`);
      Object.assign(this.card, renewed);
      this.address = mediaAddress(renewed.video_url);
      if (this.address) await this.engage();
    } catch (error) {
      this.element.querySelector("p").textContent = error.message;
      say(error.message);
    } finally {
      button.disabled = false;
    }
  }
}

/** Play several from their beginnings, without sound, to compare them. */
export async function playTogether(players) {
  await Promise.all(players.filter((each) => each?.address && each.card.medium === "video").map((each) => each.restart()));
}
