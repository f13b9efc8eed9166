/**
 * One question per view and interval. It stops while the page is hidden, and asks less often while answers fail.
 */

const LONGEST = 120;

export class Poller {
  /**
   * @param ask given an AbortSignal, asks once and shows the answer
   * @param seconds a function: how long to wait after an answer that was good; null to stop
   * @param failed given the error and the seconds until the next try
   */
  constructor(ask, seconds, failed) {
    this.ask = ask;
    this.seconds = seconds;
    this.failed = failed;
    this.failures = 0;
    this.seen = () => (document.hidden ? this.pause() : this.now());
  }

  start() {
    document.addEventListener("visibilitychange", this.seen);
    return this.now();
  }

  stop() {
    document.removeEventListener("visibilitychange", this.seen);
    this.pause();
  }

  pause() {
    clearTimeout(this.timer);
    this.current?.abort();
    this.current = null;
  }

  /** Ask at once, instead of whatever is on its way. */
  async now() {
    this.pause();
    if (document.hidden) return;
    const current = (this.current = new AbortController());
    let wait;
    try {
      await this.ask(current.signal);
      if (this.current !== current) return;
      this.failures = 0;
      wait = this.seconds();
    } catch (error) {
      if (this.current !== current || error.name === "AbortError") return;
      this.failures += 1;
      wait = Math.min(LONGEST, 5 * 2 ** this.failures);
      this.failed(error, wait);
    }
    if (wait !== null) this.timer = setTimeout(() => this.now(), wait * 1000);
  }
}
