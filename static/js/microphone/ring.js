/** The last seconds of a microphone, and when they were. Pure; times are `performance.now()`. */

import { RATE_HZ } from "./downsampler.js";

export const KEPT_S = 45;

/** Later than the samples say by more than this: sound is missing in between. */
const BROKEN_MS = 250;
/** Pieces come in bursts; the earliest of so many neighbours tells when they really were. */
const NEIGHBOURS = 8;
/** Runs that lie so close to each other are one: no more than jitter broke them. */
const JOINED_MS = 40;
const SAMPLES_PER_MS = RATE_HZ / 1000;

/**
 * @typedef {object} Piece
 * @property {number} first Counted from the first sample ever.
 * @property {number} count
 * @property {number} lag_ms When it ended, less its samples' own time.
 * @property {number} run Sound without an interruption has one number.
 *
 * @typedef {{start_ms: number, samples: Int16Array}} Run
 */

/** Bounded: what is older is overwritten. */
export class Ring {
  #samples;
  #end = 0;
  #run = 0;
  #isBroken = true;
  /** @type {Piece[]} Oldest first; together they are what is kept. */
  #pieces = [];

  /** @param {number} [kept_s] */
  constructor(kept_s = KEPT_S) {
    this.#samples = new Int16Array(Math.round(kept_s * RATE_HZ));
  }

  /** When the newest sample was; null: there is none. */
  get end_ms() {
    const last = this.#pieces.length - 1;
    return last < 0 ? null : this.#lag(last) + this.#end / SAMPLES_PER_MS;
  }

  /**
   * @param {Int16Array} samples No more than fit.
   * @param {number} at_ms When the last of them was.
   */
  push(samples, at_ms) {
    const first = this.#end;
    this.#write(samples);
    const lag_ms = at_ms - this.#end / SAMPLES_PER_MS;
    if (this.#isBroken || lag_ms > this.#recentLag() + BROKEN_MS) this.#run += 1;
    this.#isBroken = false;
    this.#pieces.push({ first, count: samples.length, lag_ms, run: this.#run });
    const oldest = this.#end - this.#samples.length;
    while ((this.#pieces[0]?.first ?? oldest) < oldest) this.#pieces.shift();
  }

  /** What comes next continues nothing: another device, or a pause of unknown length. */
  breakOff() {
    this.#isBroken = true;
  }

  /** Forgets everything, in memory too. */
  clear() {
    this.#pieces = [];
    this.#samples.fill(0);
    this.breakOff();
  }

  /**
   * @param {number} from_ms
   * @param {number} to_ms
   * @returns {Run[]} What there is of that time, oldest first; each without an interruption.
   */
  cut(from_ms, to_ms) {
    /** @type {{start_ms: number, first: number, end: number}[]} */
    const runs = [];
    for (const [index, { first, count }] of this.#pieces.entries()) {
      const lag_ms = this.#lag(index);
      const at = (/** @type {number} */ ms) => Math.round((ms - lag_ms) * SAMPLES_PER_MS);
      const start = Math.max(first, at(from_ms));
      const end = Math.min(first + count, at(to_ms));
      if (end <= start) continue;
      const start_ms = lag_ms + start / SAMPLES_PER_MS;
      const last = runs.at(-1);
      const isJoined =
        last?.end === start &&
        Math.abs(last.start_ms + (start - last.first) / SAMPLES_PER_MS - start_ms) < JOINED_MS;
      if (last && isJoined) last.end = end;
      else runs.push({ start_ms, first: start, end });
    }
    return runs.map(({ start_ms, first, end }) => ({ start_ms, samples: this.#read(first, end) }));
  }

  /** @returns {number} Of the run that goes on. */
  #recentLag() {
    return this.#pieces.length > 0 ? this.#lag(this.#pieces.length - 1) : -Infinity;
  }

  /** @param {number} index Of a piece. @returns {number} By its neighbours of the same run. */
  #lag(index) {
    const run = this.#pieces[index]?.run;
    return this.#pieces
      .slice(Math.max(0, index - NEIGHBOURS), index + NEIGHBOURS + 1)
      .filter((piece) => piece.run === run)
      .reduce((least, { lag_ms }) => Math.min(least, lag_ms), Infinity);
  }

  /** @param {Int16Array} samples */
  #write(samples) {
    const at = this.#end % this.#samples.length;
    const fits = Math.min(samples.length, this.#samples.length - at);
    this.#samples.set(samples.subarray(0, fits), at);
    this.#samples.set(samples.subarray(fits), 0);
    this.#end += samples.length;
  }

  /** @param {number} first @param {number} end @returns {Int16Array} */
  #read(first, end) {
    const at = first % this.#samples.length;
    const head = this.#samples.subarray(at, at + end - first);
    const samples = new Int16Array(end - first);
    samples.set(head);
    samples.set(this.#samples.subarray(0, end - first - head.length), head.length);
    return samples;
  }
}
