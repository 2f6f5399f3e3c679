/** A clock that stands until it is told to go on. */
export class Clock {
  #now_ms = 0;
  /** @type {Set<{at: number, action: () => void}>} */
  #timers = new Set();

  now = () => this.#now_ms / 1000;

  later = (/** @type {() => void} */ action, /** @type {number} */ ms) => {
    const timer = { at: this.#now_ms + ms, action };
    this.#timers.add(timer);
    return timer;
  };

  cancel = (/** @type {any} */ timer) => void this.#timers.delete(timer);

  /** @param {number} s */
  async pass(s) {
    const until = this.#now_ms + s * 1000;
    for (;;) {
      await settled();
      const due = [...this.#timers].sort((a, b) => a.at - b.at)[0];
      if (!due || due.at > until) break;
      this.#timers.delete(due);
      this.#now_ms = Math.max(this.#now_ms, due.at);
      due.action();
    }
    this.#now_ms = until;
    await settled();
  }
}

/** Lets every promise that can go on go on. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));
