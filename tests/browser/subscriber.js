/** A bare WebSocket client that notes everything it is told. */

import { once } from "node:events";
import { WebSocket } from "ws";
import { until, within } from "./waiting.js";

const OPEN_MS = 10_000;

/** @typedef {import("../../static/js/messages.js").ServerMessage} ServerMessage */
/** @typedef {import("../../static/js/messages.js").UtteranceFinal} UtteranceFinal */

export class Subscriber {
  /** @type {ServerMessage[]} */
  messages = [];

  /** @param {WebSocket} socket */
  constructor(socket) {
    this.socket = socket;
    socket.on("message", (data) => this.messages.push(JSON.parse(String(data))));
    // What went wrong shows in the messages that are missing.
    socket.on("error", () => undefined);
  }

  /** @param {string} url @returns {Promise<Subscriber>} Told everything from the beginning. */
  static async open(url) {
    const subscriber = new Subscriber(new WebSocket(url));
    await within("a WebSocket to open", once(subscriber.socket, "open"), OPEN_MS);
    subscriber.send({ type: "subscribe" });
    await subscriber.until("caught_up", ({ type }) => type === "caught_up");
    return subscriber;
  }

  /** @param {import("../../static/js/messages.js").Command} command */
  send(command) {
    this.socket.send(JSON.stringify(command));
  }

  /**
   * @param {string} what
   * @param {(message: ServerMessage) => boolean} isWanted
   * @param {number} [limit_ms]
   * @returns {Promise<ServerMessage>} The first that was or will be told.
   */
  until(what, isWanted, limit_ms) {
    return until(what, () => this.messages.find(isWanted), limit_ms);
  }

  /** @returns {UtteranceFinal[]} */
  finals() {
    return this.messages.flatMap((each) => (each.type === "utterance_final" ? [each] : []));
  }

  /** @returns {number} Session seconds. */
  now() {
    const event = this.messages.flatMap((each) => ("wall" in each ? [each] : [])).at(-1);
    return event ? Date.now() / 1000 - event.wall + event.at : 0;
  }

  close() {
    this.socket.close();
  }
}

/** @param {UtteranceFinal} final @returns {string} */
export function textOf(final) {
  return final.segments.map(({ words }) => words.map((word) => word[2]).join(" ")).join(" ");
}
