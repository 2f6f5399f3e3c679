/** Sends the server what it missed of this page's microphone, once it asks for it. */

import { RATE_HZ } from "../microphone/downsampler.js";
import { codeOf } from "./codes.js";

/**
 * @typedef {import("../room/scene.js").Resending} Resending
 * @typedef {import("../microphone/ring.js").Run} Run
 * @typedef {EventTarget & {readonly end_ms: number | null,
 *   cut: (from_ms: number, to_ms: number) => Run[]}} Kept Fires `piece`.
 * @typedef {{start: number, rest: number}} Piece `start`: the session's second of its first sample;
 *   `rest`: how many more follow.
 * @typedef {{kept: Kept, clock: import("./link.js").Clock,
 *   post: (piece: Piece, samples: Int16Array) => Promise<{filled_s: number}>}} Setup
 */

/** By what stands around the hole the server finds its place. */
const BEFORE_S = 2;
const AFTER_S = 0.7;
/** So far may the clocks of the page and of the server lie apart. */
const APART_S = 0.5;
/** The sound after the hole comes by itself; if it does not, the page is asleep or has no device. */
const PATIENCE_MS = 2500;
const AGAIN_MS = 1000;
const TOLD_MS = 6000;

/** Fires `change`. Never sends anything but what `answer` was asked for. */
export class Backfill extends EventTarget {
  /** @type {Resending} */
  state = "no";
  #kept;
  #clock;
  #post;
  /** @type {object | null} Whoever asked last; earlier questions are void by that. */
  #turn = null;

  /** @param {Setup} setup */
  constructor({ kept, clock, post }) {
    super();
    this.#kept = kept;
    this.#clock = clock;
    this.#post = post;
  }

  /** @param {{start: number, end: number, now: number}} missed */
  async answer(missed) {
    const turn = {};
    this.#turn = turn;
    // What the session's clock says came over the network just now: late by no more than that.
    const zero_ms = this.#clock.now() * 1000 - missed.now * 1000;
    this.#become("waiting");
    await this.#reached(zero_ms + (missed.end + AFTER_S) * 1000);
    if (this.#turn !== turn) return;
    const runs = this.#runs(missed, zero_ms);
    this.#become("sending");
    let state = /** @type {Resending} */ ("failed");
    try {
      state = await this.#send(turn, runs, { ...missed, zero_ms });
    } catch (error) {
      // It was too late, and the record says what is missing; or the next connection is asked.
      if (["not_awaited", "lost"].includes(codeOf(error))) state = "no";
    }
    if (this.#turn !== turn) return;
    this.#become(state);
    this.#clock.later(() => {
      if (this.#turn === turn) this.abandon();
    }, TOLD_MS);
  }

  /** Sends nothing further: the person agrees no more, or has gone. */
  abandon() {
    this.#turn = null;
    if (this.state !== "no") this.#become("no");
  }

  /** @param {{start: number, end: number}} missed @param {number} zero_ms @returns {Run[]} */
  #runs({ start, end }, zero_ms) {
    const from_s = Math.max(0, start - BEFORE_S);
    const runs = this.#kept.cut(zero_ms + from_s * 1000, zero_ms + (end + AFTER_S) * 1000);
    const first_ms = zero_ms + (start - APART_S) * 1000;
    const last_ms = zero_ms + (end + APART_S) * 1000;
    return runs.filter(
      ({ start_ms, samples }) =>
        start_ms < last_ms && start_ms + length_s(samples) * 1000 > first_ms,
    );
  }

  /**
   * @param {object} turn
   * @param {Run[]} runs
   * @param {{start: number, end: number, zero_ms: number}} hole
   * @returns {Promise<Resending>}
   */
  async #send(turn, runs, { start, end, zero_ms }) {
    if (runs.length === 0) {
      await this.#postTwice(turn, { start, rest: 0 }, new Int16Array());
      return "failed";
    }
    let filled_s = 0;
    for (const [index, { start_ms, samples }] of runs.entries()) {
      if (this.#turn !== turn) break;
      const rest = runs.length - 1 - index;
      const piece = { start: (start_ms - zero_ms) / 1000, rest };
      filled_s += (await this.#postTwice(turn, piece, samples)).filled_s;
    }
    return filled_s >= (end - start) / 2 ? "sent" : "failed";
  }

  /** @param {object} turn @param {Piece} piece @param {Int16Array} samples */
  async #postTwice(turn, piece, samples) {
    try {
      return await this.#post(piece, samples);
    } catch (error) {
      if (codeOf(error) !== "unreachable") throw error;
    }
    await new Promise((resolve) => void this.#clock.later(() => resolve(undefined), AGAIN_MS));
    if (this.#turn !== turn) return { filled_s: 0 };
    try {
      return await this.#post(piece, samples);
    } catch (error) {
      // The first try had arrived, only its answer had not.
      if (codeOf(error) === "not_awaited") return { filled_s: length_s(samples) };
      throw error;
    }
  }

  /** @param {number} end_ms @returns {Promise<void>} When the sound until then is kept, or never. */
  #reached(end_ms) {
    return new Promise((resolve) => {
      const kept = this.#kept;
      const done = () => {
        this.#clock.cancel(timer);
        kept.removeEventListener("piece", look);
        resolve();
      };
      const look = () => {
        if (kept.end_ms === null || kept.end_ms >= end_ms) done();
      };
      const timer = this.#clock.later(done, PATIENCE_MS);
      kept.addEventListener("piece", look);
      look();
    });
  }

  /** @param {Resending} state */
  #become(state) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("change"));
  }
}

/** @param {Int16Array} samples */
const length_s = (samples) => samples.length / RATE_HZ;
