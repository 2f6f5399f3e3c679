/** One person's voice being learnt: read, sent, accepted or refused, and forgotten again. */

import { codeOf } from "../connection/codes.js";
import { MicrophoneProblem } from "../microphone/problem.js";
import { Unheard } from "./reading.js";

/**
 * @typedef {import("./server.js").Server} Server
 * @typedef {import("./server.js").Whose} Whose
 * @typedef {Pick<import("./reading.js").Reading, "level" | "heard_s" | "samples" | "finish"
 *   | "cancel" | "addEventListener">} Reading
 *
 * @typedef {"ready" | "opening" | "reading" | "sending" | "learnt" | "forgetting" | "failed"} Phase
 *
 * ready → opening → reading → sending → learnt → forgetting → ready; failed from any of them, and
 * from learnt or failed it is read again.
 *
 * @typedef {object} State
 * @property {Phase} phase
 * @property {boolean} isKnown Something is learnt of this voice, perhaps by an earlier reading.
 * @property {string[]} alike Seats whose voices are much like this one.
 * @property {string | null} code Why it failed: the server's, `unheard` or `microphone`.
 *
 * @typedef {object} Setup
 * @property {Server} server
 * @property {Whose} whose
 * @property {boolean} isKnown
 * @property {() => Promise<Reading>} read Opens the microphone and begins; called in a tap's handler.
 */

/** Fires `change`. */
export class Enrolment extends EventTarget {
  /** @type {State} */
  state;
  /** @type {Reading | null} What is being read now. */
  reading = null;
  /** Whether they have read here, and what is known is from that. */
  wasRead = false;
  #server;
  #whose;
  #read;
  #isClosed = false;

  /** @param {Setup} setup */
  constructor({ server, whose, isKnown, read }) {
    super();
    this.#server = server;
    this.#whose = whose;
    this.#read = read;
    this.state = { phase: isKnown ? "learnt" : "ready", isKnown, alike: [], code: null };
  }

  get isBusy() {
    return ["opening", "reading", "sending", "forgetting"].includes(this.state.phase);
  }

  /** They agree and begin to read; in a tap's handler. */
  async begin() {
    if (this.isBusy) return;
    this.#become({ phase: "opening", code: null, alike: [] });
    try {
      const reading = await this.#read();
      if (this.#isClosed) return reading.cancel();
      this.reading = reading;
      this.#become({ phase: "reading" });
      const samples = await reading.samples;
      this.reading = null;
      if (samples === null) return this.#rest();
      this.#become({ phase: "sending" });
      const { alike } = await this.#server.learn(this.#whose, samples);
      this.wasRead = true;
      this.#become({ phase: "learnt", isKnown: true, alike });
    } catch (error) {
      this.#failed(error);
    }
  }

  finish() {
    this.reading?.finish();
  }

  cancel() {
    this.reading?.cancel();
  }

  async forget() {
    if (this.isBusy) return;
    this.#become({ phase: "forgetting", code: null, alike: [] });
    try {
      await this.#server.forget(this.#whose);
      this.#become({ phase: "ready", isKnown: false });
    } catch (error) {
      this.#failed(error);
    }
  }

  close() {
    this.#isClosed = true;
    this.reading?.cancel();
  }

  #rest() {
    this.#become({ phase: this.state.isKnown ? "learnt" : "ready" });
  }

  /** @param {unknown} error */
  #failed(error) {
    this.reading = null;
    const code =
      error instanceof Unheard
        ? "unheard"
        : error instanceof MicrophoneProblem
          ? "microphone"
          : codeOf(error);
    this.#become({ phase: "failed", code });
  }

  /** @param {Partial<State>} change */
  #become(change) {
    this.state = { ...this.state, ...change };
    if (!this.#isClosed) this.dispatchEvent(new Event("change"));
  }
}
