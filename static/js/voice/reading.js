/** Some seconds of a person reading aloud, as samples at 16 kHz. Nothing of it is kept. */

import { RATE_HZ } from "../microphone/downsampler.js";
import { Keeper } from "../microphone/keeper.js";
import { loudness } from "../microphone/loudness.js";

/** The text takes about ten seconds; who reads slowly gets two more. */
export const LONGEST_S = 12;
/** Who has read fast may say so from here on. */
export const LEAST_S = 6;
/** A microphone that gives nothing for so long will not. */
const PATIENCE_MS = 4000;
const LOOK_BACK_MS = 160;

/**
 * @typedef {EventTarget & Pick<Keeper, "end_ms" | "cut" | "follow" | "close">} Recorder
 * @typedef {Pick<import("../connection/link.js").Clock, "later" | "cancel">} Timer
 */

/** @type {Timer} */
const BROWSER = {
  later: (action, ms) => setTimeout(action, ms),
  cancel: (timer) => clearTimeout(timer),
};

/** The microphone gave no sound. */
export class Unheard extends Error {}

/** Fires `change` whenever more was heard. Make it in a tap's handler. */
export class Reading extends EventTarget {
  /** 0..1, of the last moment. */
  level = 0;
  heard_s = 0;
  isOver = false;
  #track;
  #recorder;
  #timer;
  /** @type {ReturnType<Timer["later"]> | null} */
  #patience = null;
  /** @type {(samples: Int16Array | null) => void} */
  #settle = () => {};
  /** @type {(error: Error) => void} */
  #fail = () => {};
  /** Null: it was cancelled. @type {Promise<Int16Array | null>} */
  samples = new Promise((resolve, reject) => {
    this.#settle = resolve;
    this.#fail = reject;
  });

  /**
   * @param {MediaStreamTrack} track Heard even while it is muted for the others: who reads wants to.
   * @param {Recorder} [recorder]
   * @param {Timer} [timer]
   */
  constructor(track, recorder = new Keeper(), timer = BROWSER) {
    super();
    this.#track = track.clone();
    this.#track.enabled = true;
    this.#recorder = recorder;
    this.#timer = timer;
    recorder.addEventListener("piece", this.#take);
    recorder.follow(this.#track);
    this.#wait();
  }

  /** They have read everything. */
  finish() {
    if (this.isOver) return;
    const samples = joined(this.#recorder.cut(-Infinity, Infinity));
    this.#close();
    this.#settle(samples);
  }

  cancel() {
    if (this.isOver) return;
    this.#close();
    this.#settle(null);
  }

  #take = () => {
    const { end_ms } = this.#recorder;
    if (this.isOver || end_ms === null) return;
    this.#wait();
    this.level = levelOf(this.#recorder.cut(end_ms - LOOK_BACK_MS, Infinity));
    const [first] = this.#recorder.cut(-Infinity, Infinity);
    this.heard_s = first ? (end_ms - first.start_ms) / 1000 : 0;
    if (this.heard_s >= LONGEST_S) this.finish();
    this.dispatchEvent(new Event("change"));
  };

  #wait() {
    if (this.#patience !== null) this.#timer.cancel(this.#patience);
    this.#patience = this.#timer.later(() => {
      this.#close();
      this.#fail(new Unheard());
    }, PATIENCE_MS);
  }

  #close() {
    this.isOver = true;
    if (this.#patience !== null) this.#timer.cancel(this.#patience);
    this.#recorder.removeEventListener("piece", this.#take);
    this.#recorder.close();
    this.#track.stop();
  }
}

/** @param {import("../microphone/ring.js").Run[]} runs @returns {Int16Array} */
function joined(runs) {
  const all = new Int16Array(runs.reduce((sum, { samples }) => sum + samples.length, 0));
  let at = 0;
  for (const { samples } of runs) {
    all.set(samples, at);
    at += samples.length;
  }
  // A page that was suspended in between has more than anybody wants.
  return all.subarray(0, Math.round((LONGEST_S + 1) * RATE_HZ));
}

/** @param {import("../microphone/ring.js").Run[]} runs */
function levelOf(runs) {
  return loudness(Float32Array.from(joined(runs), (sample) => sample / 32768));
}
