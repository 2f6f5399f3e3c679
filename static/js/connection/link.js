/**
 * One person's line to the server, kept up until there is a reason to stop.
 *
 * CONNECTING -> OPEN -> WAITING -> CONNECTING …; anything -> STOPPED (see `codes.js`) -> CONNECTING
 * when the person asks for it. While OPEN a second door may be tried beside the first: a better
 * one, or another one when nothing comes any more; the first stays until the second is open.
 * Knows no browser: doors, clock and chance come from outside.
 */

import { codeOf, isFinal } from "./codes.js";
import { Pauses } from "./pauses.js";
import { SecondDoor } from "./seconddoor.js";

/**
 * @typedef {import("./chooser.js").Door} Door
 * @typedef {import("./chooser.js").Listener} Listener
 * @typedef {"connecting" | "open" | "waiting" | "stopped"} Phase
 * @typedef {{now: () => number, later: (action: () => void, ms: number) => unknown,
 *   cancel: (timer: any) => void}} Clock `now` in seconds.
 * @typedef {{chooser: import("./chooser.js").Chooser, clock: Clock, random: () => number}} Setup
 */

/** Dispatches `message` (detail: the message), `connected` (a new door), `lost` and `change`. */
export class Link extends EventTarget {
  /** @type {Phase} */
  phase = "connecting";
  /** @type {string | null} Why it stopped. */
  code = null;
  /** It is open, but nothing has come for some seconds. */
  isSuspect = false;
  #chooser;
  #clock;
  #pauses;
  #second;
  /** @type {Door | null} */
  #door = null;
  /** @type {AbortController | null} Only what belongs to the newest try is listened to. */
  #turn = null;
  #openedAt_s = 0;
  /** @type {string | null} */
  #farewell = null;
  /** @type {unknown} */
  #timer = null;

  /** @param {Setup} setup */
  constructor({ chooser, clock, random }) {
    super();
    this.#chooser = chooser;
    this.#clock = clock;
    this.#pauses = new Pauses(random);
    this.#second = new SecondDoor({
      clock,
      canUpgrade: () => chooser.canUpgrade,
      open: (turn) => chooser.upgrade(this.#listener(turn)),
      opened: (door, turn) => this.#adopt(door, turn),
      failed: (code) => this.#secondFailed(code),
    });
  }

  /** @returns {Door | null} The one that is open now. */
  get door() {
    return this.phase === "open" ? this.#door : null;
  }

  /** Why there is no peer connection, or null. */
  get reason() {
    return this.#chooser.reason;
  }

  /** Begins, or begins again after a stop. */
  async start() {
    this.#drop();
    const turn = new AbortController();
    this.#turn = turn;
    this.#become(this.#pauses.isFirst ? "connecting" : "waiting");
    try {
      const door = await this.#chooser.open(this.#listener(turn));
      if (this.#turn === turn) this.#adopt(door, turn);
      else door.close();
    } catch (error) {
      if (this.#turn === turn) this.#failed(codeOf(error));
    }
  }

  /** @param {string} code Ends it until the next `start`. */
  stop(code) {
    this.#drop();
    this.#pauses.forget();
    this.#become("stopped", code);
  }

  /** The page goes away, perhaps to come back: the server learns of it now. */
  rest() {
    if (!this.#isTrying && this.#timer === null) return;
    this.#drop();
    this.#become("waiting");
  }

  /** @param {boolean} [isElsewhere] The page is back, or (true) the network is another one. */
  nudge(isElsewhere = false) {
    // A try over the network that was there before may hang for long.
    const isHanging = isElsewhere && this.#isTrying && this.phase !== "open";
    if (this.#timer !== null || isHanging) void this.start();
    else if (this.phase !== "open") return;
    else if (this.#door?.seemsDead()) this.#failed("lost");
    else if (this.#second.isPlanned) void this.#second.begin();
    else if (isElsewhere) this.#door?.doubt?.();
  }

  /** @param {object} command Lost without a sound where there is no door. */
  send(command) {
    try {
      this.#door?.send(JSON.stringify(command));
    } catch {
      // The door is closing and will say so.
    }
  }

  /** Whether there is a door, or one to come without a pause. */
  get #isTrying() {
    return this.#turn !== null || this.#second.isTrying;
  }

  /** @param {AbortController} turn @returns {Listener} */
  #listener(turn) {
    const isOurs = () => this.#turn === turn;
    return {
      message: (message) => void (isOurs() && this.#hear(message)),
      closed: (code) => void (isOurs() && this.#failed(code)),
      suspected: (isSuspect) => void (isOurs() && this.#suspect(isSuspect)),
      signal: turn.signal,
    };
  }

  /** @param {Door} door @param {AbortController} turn */
  #adopt(door, turn) {
    this.#dropDoor();
    this.#turn = turn;
    this.#door = door;
    this.#openedAt_s = this.#clock.now();
    this.#farewell = null;
    this.phase = "open";
    this.#second.stands(door.kind);
    this.dispatchEvent(new CustomEvent("connected"));
    this.#become("open");
  }

  /** @param {any} message */
  #hear(message) {
    if (message.type === "error" && !message.reply_to) {
      if (message.code === "replaced" && this.#isReplacedByUs()) return;
      this.#farewell = message.code;
    }
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
    // Whatever was asked: a WebSocket stays open and would go on saying nothing but this.
    const isRefused = message.type === "error" && message.code === "session_over";
    if (message.type === "session_closed" || isRefused) this.stop("session_over");
  }

  /** The server sees a second door open before we do. What the first one says now is no news. */
  #isReplacedByUs() {
    const is = this.#door?.kind === "peer" && this.#second.isKnown;
    if (is && this.#second.isTrying) this.#turn = null;
    return is;
  }

  /** @param {boolean} isSuspect */
  #suspect(isSuspect) {
    this.isSuspect = isSuspect;
    if (isSuspect) void this.#second.begin();
    else this.#second.cancel();
    this.#become("open");
  }

  /** @param {string} code */
  #secondFailed(code) {
    const isAlone = this.phase !== "open" || this.#turn === null;
    if (isAlone || (this.isSuspect && isFinal(code))) this.#failed(code);
    else this.#second.plan(this.isSuspect);
  }

  /** @param {string} closing */
  #failed(closing) {
    const code = this.#farewell && isFinal(this.#farewell) ? this.#farewell : closing;
    if (isFinal(code)) return this.stop(code);
    const now_s = this.#clock.now();
    if (this.#door) this.#pauses.lost(this.#openedAt_s, now_s);
    this.#turn = null;
    this.#dropDoor();
    // Else the second door is the next try already.
    if (!this.#second.isTrying) {
      this.#second.cancel();
      this.#timer = this.#clock.later(() => void this.start(), this.#pauses.next_ms(now_s));
    }
    this.dispatchEvent(new CustomEvent("lost"));
    this.#become("waiting");
  }

  #drop() {
    this.#turn?.abort();
    this.#turn = null;
    this.#second.cancel();
    this.#clock.cancel(this.#timer);
    this.#timer = null;
    this.#dropDoor();
  }

  #dropDoor() {
    this.isSuspect = false;
    this.#door?.close();
    this.#door = null;
  }

  /** @param {Phase} phase @param {string | null} [code] */
  #become(phase, code = null) {
    this.phase = phase;
    this.code = code;
    this.dispatchEvent(new CustomEvent("change"));
  }
}
