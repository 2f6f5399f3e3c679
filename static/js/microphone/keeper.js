/** Keeps the last seconds of a microphone in this page, for a server that missed some of them. */

import { Ring } from "./ring.js";

const WORKLET = new URL("./ringworklet.js", import.meta.url);

/** Whether this browser can; else what the network loses is lost. */
export const canKeep = () => typeof AudioWorkletNode !== "undefined";

/** Fires `piece` when there is more of it. Keeps nothing until it is told what to follow. */
export class Keeper extends EventTarget {
  #ring = new Ring();
  #isMuted = false;
  /** @type {MediaStreamTrack | null} */
  #track = null;
  /** @type {AudioContext | null} */
  #context = null;

  constructor() {
    super();
    // Phones stop what sounds and listens in the background; Safari wants a tap where it was shy.
    for (const name of ["visibilitychange", "click", "keydown"]) {
      document.addEventListener(name, this.#resume);
    }
  }

  /** @returns {number | null} When the newest sound was, as `performance.now()`. */
  get end_ms() {
    return this.#ring.end_ms;
  }

  /** @param {number} from_ms @param {number} to_ms */
  cut(from_ms, to_ms) {
    return this.#ring.cut(from_ms, to_ms);
  }

  /** @param {MediaStreamTrack} track Another than before begins another run. */
  follow(track) {
    if (track === this.#track) return;
    this.#release();
    this.#track = track;
    // A new one each time: Firefox joins no track to a context of another sample rate.
    const context = new AudioContext({ latencyHint: "balanced" });
    context.addEventListener("statechange", () => this.#ring.breakOff());
    this.#context = context;
    // Where it fails nothing is kept, and the server is told so when it asks.
    this.#listen(context, track).catch(() => undefined);
  }

  /** @param {boolean} isMuted Muted time is silence here, whatever the device gives. */
  setMuted(isMuted) {
    this.#isMuted = isMuted;
  }

  /** Forgets what it kept and stops listening, until it is told to follow again. */
  forget() {
    this.#release();
    this.#ring.clear();
  }

  close() {
    this.forget();
    for (const name of ["visibilitychange", "click", "keydown"]) {
      document.removeEventListener(name, this.#resume);
    }
  }

  /** @param {AudioContext} context @param {MediaStreamTrack} track */
  async #listen(context, track) {
    await context.audioWorklet.addModule(WORKLET);
    if (context !== this.#context) return;
    const node = new AudioWorkletNode(context, "ring", {
      channelCount: 1,
      channelCountMode: "explicit",
    });
    node.port.onmessage = ({ data }) => {
      if (context === this.#context) this.#take(data.samples, data.at);
    };
    context.createMediaStreamSource(new MediaStream([track])).connect(node);
    // It says nothing; but what leads nowhere is not everywhere run.
    node.connect(context.destination);
    this.#resume();
  }

  /** @param {Int16Array} samples @param {number} at `Date.now()` of their end. */
  #take(samples, at) {
    if (this.#isMuted) samples.fill(0);
    // The audio thread has no `performance`; the page may be late, so its own clock is not asked.
    this.#ring.push(samples, performance.now() - Math.max(0, Date.now() - at));
    this.dispatchEvent(new Event("piece"));
  }

  #resume = () => {
    const context = this.#context;
    if (context && context.state !== "running" && context.state !== "closed") {
      context.resume().catch(() => undefined);
    }
  };

  #release() {
    this.#context?.close().catch(() => undefined);
    this.#context = null;
    this.#track = null;
    this.#ring.breakOff();
  }
}
