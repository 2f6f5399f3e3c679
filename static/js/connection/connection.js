/** What is said over a person's line: events are subscribed to, commands are answered or refused. */

import { newId } from "./ids.js";
import { Link } from "./link.js";
import { Pending } from "./pending.js";

/**
 * @typedef {import("./link.js").Phase} Phase
 * @typedef {import("./link.js").Setup & {lastSeq: () => number, isSubscribing: boolean}} Setup
 *   `lastSeq`: of the events the page has. `isSubscribing`: false for a device that only sends
 *   sound.
 */

const SWEEP_MS = 1000;
const PATIENCE_S = 15;

/** Dispatches `message` (detail: the message), `connected` (a new door) and `change`. */
export class Connection extends EventTarget {
  #link;
  #pending = new Pending();
  #clock;
  #lastSeq;
  #isSubscribing;

  /** @param {Setup} setup */
  constructor(setup) {
    super();
    this.#clock = setup.clock;
    this.#lastSeq = setup.lastSeq;
    this.#isSubscribing = setup.isSubscribing;
    this.#link = new Link(setup);
    this.#link.addEventListener("connected", () => this.#begin());
    this.#link.addEventListener("message", (event) => {
      const { detail } = /** @type {CustomEvent} */ (event);
      this.#pending.answered(detail);
      this.dispatchEvent(new CustomEvent("message", { detail }));
    });
    this.#link.addEventListener("lost", () => this.#pending.lost());
    this.#link.addEventListener("change", () => {
      if (this.phase === "stopped") this.#pending.abandon(this.code ?? "lost");
      this.dispatchEvent(new CustomEvent("change"));
    });
    this.#sweep();
  }

  /** @returns {Phase} */
  get phase() {
    return this.#link.phase;
  }

  /** Why it stopped, or null. */
  get code() {
    return this.#link.code;
  }

  get door() {
    return this.#link.door?.kind ?? null;
  }

  /** Why there is no peer connection, or null. */
  get reason() {
    return this.#link.reason;
  }

  /** What the server calls it; null where there is none that carries sound. */
  get id() {
    return this.#link.door?.id ?? null;
  }

  /** What is to be heard of the others. @returns {MediaStream | null} */
  get sound() {
    return this.#link.door?.sound ?? null;
  }

  /** @param {MediaStreamTrack | null} track What is sent from now on. */
  replaceTrack(track) {
    this.#link.door?.replaceTrack?.(track);
  }

  /** Whether it is open, but nothing has come for some seconds. */
  get isSuspect() {
    return this.#link.isSuspect;
  }

  /** Begins, or begins again after a stop. */
  start() {
    return this.#link.start();
  }

  /** @param {string} code Ends it; what is pending is given back. */
  stop(code) {
    this.#link.stop(code);
  }

  /** The page goes away, perhaps to come back; nothing is given up. */
  rest() {
    this.#link.rest();
  }

  /** @param {boolean} [isElsewhere] The page is back, or (true) the network is another one. */
  nudge(isElsewhere) {
    this.#link.nudge(isElsewhere);
  }

  /**
   * Sends a command until it is answered.
   *
   * @param {{type: string}} command
   * @param {{patience_s?: number, isKept?: boolean, id?: string}} [terms] `isKept` false: meant for
   *   the connection of this moment only.
   * @returns {Promise<any>} The answer.
   * @throws {import("./codes.js").Refusal}
   */
  command(command, { patience_s = PATIENCE_S, isKept = true, id = newId() } = {}) {
    const until_s = this.#clock.now() + patience_s;
    const answer = this.#pending.add(id, command, { until_s, isKept });
    if (this.phase === "open") this.#link.send({ ...command, id });
    else if (this.phase === "stopped") this.#pending.abandon(this.code ?? "lost");
    else if (!isKept) this.#pending.lost();
    return answer;
  }

  /** A new door: go on after the last event, and with what was not answered. */
  #begin() {
    if (this.#isSubscribing) {
      this.#link.send({ type: "subscribe", after_seq: this.#lastSeq(), id: newId() });
    }
    for (const command of this.#pending.commands) this.#link.send(command);
    this.dispatchEvent(new CustomEvent("connected"));
  }

  #sweep() {
    this.#clock.later(() => {
      this.#pending.expire(this.#clock.now());
      this.#sweep();
    }, SWEEP_MS);
  }
}
