/** The pauses between tries, as they follow from how the last ones went. Pure. */

import { pauseMs } from "./backoff.js";

/** A connection that lasted so long was a good one: the next pause is short again. */
const GOOD_S = 5;
/** For so long after a good one the server keeps the seat: pauses do not grow beyond this. */
const HELD_S = 30;
const HELD_ATTEMPT = 2;

export class Pauses {
  #attempt = 0;
  #lostAt_s = -Infinity;
  #random;

  /** @param {() => number} random */
  constructor(random) {
    this.#random = random;
  }

  get isFirst() {
    return this.#attempt === 0;
  }

  /** Somebody wants to begin anew. */
  forget() {
    this.#attempt = 0;
    this.#lostAt_s = -Infinity;
  }

  /** @param {number} openedAt_s @param {number} now_s A connection was lost. */
  lost(openedAt_s, now_s) {
    if (now_s - openedAt_s < GOOD_S) return;
    this.#attempt = 0;
    this.#lostAt_s = now_s;
  }

  /** @param {number} now_s @returns {number} Until the next try. */
  next_ms(now_s) {
    const isHeld = now_s - this.#lostAt_s < HELD_S;
    const attempt = isHeld ? Math.min(this.#attempt, HELD_ATTEMPT) : this.#attempt;
    this.#attempt += 1;
    return pauseMs(attempt, this.#random);
  }
}
