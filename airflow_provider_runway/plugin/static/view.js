/**
 * A view that is kept up to date: it says by `refresh(signal)` what it asks for, and by `interval()` how many seconds
 * pass before it asks again.
 */

import { Poller } from "./poller.js";

export class View {
  /** @param app what all views share; its notices tell of answers that fail */
  constructor(app) {
    this.app = app;
    this.poller = new Poller(
      (signal) => this.refresh(signal),
      () => this.interval(),
      (error, wait) => this.app.notices.failed(error, wait, () => this.poller.now()),
    );
  }

  start() {
    return this.poller.start();
  }

  stop() {
    this.poller.stop();
  }
}
