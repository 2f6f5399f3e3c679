/**
 * One person's line to the server, kept up until there is a reason to stop.
 *
 * CONNECTING -> OPEN -> WAITING -> CONNECTING …; anything -> STOPPED (see `codes.js`) -> CONNECTING
 * when the person asks for it. Knows no browser: doors, clock and chance come from outside.
 */

import { pauseMs } from "./backoff.js";
import { codeOf, isFinal } from "./codes.js";

/**
 * @typedef {import("./chooser.js").Door} Door
 * @typedef {import("./chooser.js").Listener} Listener
 * @typedef {"connecting" | "open" | "waiting" | "stopped"} Phase
 * @typedef {{now: () => number, later: (action: () => void, ms: number) => unknown,
 *   cancel: (timer: any) => void}} Clock `now` in seconds.
 * @typedef {{chooser: import("./chooser.js").Chooser, clock: Clock, random: () => number}} Setup
 */

/** A connection that lasted so long was a good one: the next pause is short again. */
const GOOD_S = 5;
const UPGRADE_MS = 10_000;
const RAREST_UPGRADE_MS = 120_000;

/** Dispatches `message` (detail: the message), `connected` (a new door), `lost` and `change`. */
export class Link extends EventTarget {
  /** @type {Phase} */
  phase = "connecting";
  /** @type {string | null} Why it stopped. */
  code = null;
  #chooser;
  #clock;
  #random;
  /** @type {Door | null} */
  #door = null;
  /** @type {object | null} Only what belongs to the newest try is listened to. */
  #turn = null;
  #attempt = 0;
  #upgrades = 0;
  #openedAt_s = 0;
  /** @type {string | null} */
  #farewell = null;
  /** @type {unknown} */
  #timer = null;
  /** @type {unknown} */
  #upgradeTimer = null;

  /** @param {Setup} setup */
  constructor({ chooser, clock, random }) {
    super();
    this.#chooser = chooser;
    this.#clock = clock;
    this.#random = random;
  }

  /** @returns {"peer" | "socket" | null} The door that is open now. */
  get door() {
    return this.phase === "open" && this.#door ? this.#door.kind : null;
  }

  /** Begins, or begins again after a stop. */
  async start() {
    this.#dropDoor();
    const turn = {};
    this.#turn = turn;
    this.#farewell = null;
    this.#become(this.#attempt === 0 ? "connecting" : "waiting");
    try {
      const door = await this.#chooser.open(this.#listener(turn));
      if (this.#turn === turn) this.#adopt(door);
      else door.close();
    } catch (error) {
      if (this.#turn === turn) this.#failed(codeOf(error));
    }
  }

  /** @param {string} code Ends it until the next `start`. */
  stop(code) {
    this.#turn = null;
    this.#dropDoor();
    this.#attempt = 0;
    this.#become("stopped", code);
  }

  /** The page goes away, perhaps to come back: the server learns of it now. */
  rest() {
    const isAtRest = this.#turn === null && this.#timer === null;
    if (isAtRest) return;
    this.#turn = null;
    this.#dropDoor();
    this.#become("waiting");
  }

  /** The network or the page is back: do not wait for the pause to end. */
  nudge() {
    if (this.phase === "waiting" && this.#timer !== null) void this.start();
    else if (this.phase === "open" && this.#door?.seemsDead()) this.#failed("lost");
    else if (this.phase === "open" && this.#upgradeTimer !== null) this.#planUpgrade(0);
  }

  /** @param {object} command Lost without a sound where there is no door. */
  send(command) {
    try {
      this.#door?.send(JSON.stringify(command));
    } catch {
      // The door is closing and will say so.
    }
  }

  /** @param {object} turn @returns {Listener} */
  #listener(turn) {
    return {
      message: (message) => {
        if (this.#turn === turn) this.#hear(message);
      },
      closed: (code) => {
        if (this.#turn === turn) this.#failed(code);
      },
    };
  }

  /** @param {Door} door */
  #adopt(door) {
    this.#door = door;
    this.#openedAt_s = this.#clock.now();
    this.phase = "open";
    if (door.kind === "socket" && this.#chooser.canUpgrade) this.#planUpgrade();
    this.dispatchEvent(new CustomEvent("connected"));
    this.#become("open");
  }

  /** @param {any} message */
  #hear(message) {
    if (message.type === "error" && !message.reply_to) this.#farewell = message.code;
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
    if (message.type === "session_closed") this.stop("session_over");
  }

  /** @param {string} closing */
  #failed(closing) {
    const code = this.#farewell && isFinal(this.#farewell) ? this.#farewell : closing;
    if (isFinal(code)) return this.stop(code);
    const lasted_s = this.#door ? this.#clock.now() - this.#openedAt_s : 0;
    if (lasted_s >= GOOD_S) this.#attempt = 0;
    this.#turn = null;
    this.#dropDoor();
    const pause_ms = pauseMs(this.#attempt, this.#random);
    this.#attempt += 1;
    this.#timer = this.#clock.later(() => void this.start(), pause_ms);
    this.dispatchEvent(new CustomEvent("lost"));
    this.#become("waiting");
  }

  /** @param {number} [ms] Tries for the peer connection while the words go on. */
  #planUpgrade(ms = Math.min(UPGRADE_MS * 2 ** this.#upgrades, RAREST_UPGRADE_MS)) {
    this.#clock.cancel(this.#upgradeTimer);
    this.#upgradeTimer = this.#clock.later(() => void this.#upgrade(), ms);
  }

  async #upgrade() {
    this.#upgradeTimer = null;
    this.#upgrades += 1;
    const before = this.#turn;
    const turn = {};
    const isWanted = () => this.#turn === before && this.phase === "open";
    try {
      const door = await this.#chooser.upgrade(this.#listener(turn));
      if (!isWanted()) return door.close();
      this.#dropDoor();
      this.#turn = turn;
      this.#upgrades = 0;
      this.#adopt(door);
    } catch {
      if (isWanted() && this.#chooser.canUpgrade) this.#planUpgrade();
    }
  }

  #dropDoor() {
    this.#door?.close();
    this.#door = null;
    this.#clock.cancel(this.#timer);
    this.#clock.cancel(this.#upgradeTimer);
    this.#timer = null;
    this.#upgradeTimer = null;
  }

  /** @param {Phase} phase @param {string | null} [code] */
  #become(phase, code = null) {
    this.phase = phase;
    this.code = code;
    this.dispatchEvent(new CustomEvent("change"));
  }
}
