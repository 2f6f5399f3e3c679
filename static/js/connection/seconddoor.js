/** Tries for another peer connection while the door that is open goes on. */

import { codeOf } from "./codes.js";

/**
 * @typedef {import("./chooser.js").Door} Door
 * @typedef {object} Setup
 * @property {import("./link.js").Clock} clock
 * @property {() => boolean} canUpgrade Whether a peer connection may be had after all.
 * @property {(turn: AbortController) => Promise<Door>} open
 * @property {(door: Door, turn: AbortController) => void} opened
 * @property {(code: string) => void} failed
 */

const UPGRADE_MS = 10_000;
const RAREST_UPGRADE_MS = 120_000;
/** Who has had a peer connection is likely to get another one. */
const SOON_MS = 1000;
/** The server may notice so late that a connection which was given up had come about. */
const AFTERMATH_S = 15;

/** One try at a time. */
export class SecondDoor {
  #setup;
  /** @type {AbortController | null} */
  #turn = null;
  /** @type {unknown} */
  #timer = null;
  #kind = "socket";
  #tries = 0;
  #firstPause_ms = UPGRADE_MS;
  #triedAt_s = -Infinity;

  /** @param {Setup} setup */
  constructor(setup) {
    this.#setup = setup;
  }

  get isTrying() {
    return this.#turn !== null;
  }

  get isPlanned() {
    return this.#timer !== null;
  }

  /** Whether another connection of this person, newly seen by the server, is probably ours. */
  get isKnown() {
    return this.isTrying || this.#setup.clock.now() - this.#triedAt_s < AFTERMATH_S;
  }

  /** @param {"peer" | "socket"} kind Of the door that is open now. */
  stands(kind) {
    this.#kind = kind;
    if (kind === "socket") return this.plan();
    this.#tries = 0;
    this.#firstPause_ms = SOON_MS;
  }

  /** @param {boolean} [isUrgent] Else only a better one is tried for: the more often, the later. */
  plan(isUrgent = false) {
    if (isUrgent) this.#plan(SOON_MS);
    else if (this.#kind === "socket" && this.#setup.canUpgrade()) {
      this.#plan(Math.min(this.#firstPause_ms * 2 ** this.#tries, RAREST_UPGRADE_MS));
    }
  }

  /** @param {number} ms */
  #plan(ms) {
    const { clock } = this.#setup;
    clock.cancel(this.#timer);
    this.#timer = clock.later(() => void this.begin(), ms);
  }

  async begin() {
    if (this.#turn) return;
    this.#setup.clock.cancel(this.#timer);
    this.#timer = null;
    this.#tries += 1;
    const turn = new AbortController();
    this.#turn = turn;
    try {
      const door = await this.#setup.open(turn);
      if (this.#turn !== turn) return door.close();
      this.#end();
      this.#setup.opened(door, turn);
    } catch (error) {
      if (this.#turn !== turn) return;
      this.#end();
      this.#setup.failed(codeOf(error));
    }
  }

  /** What is planned is not done, what is being tried is given up. */
  cancel() {
    this.#setup.clock.cancel(this.#timer);
    this.#timer = null;
    this.#turn?.abort();
    if (this.#turn) this.#end();
  }

  #end() {
    this.#turn = null;
    this.#triedAt_s = this.#setup.clock.now();
  }
}
