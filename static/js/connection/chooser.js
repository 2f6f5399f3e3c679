/** Which door to take: the peer connection, or the WebSocket where the peer cannot come up. */

import { allowsSocket, codeOf, isHopeless } from "./codes.js";

/**
 * @typedef {object} Listener
 * @property {(message: any) => void} message
 * @property {(code: string) => void} closed
 * @property {(isSuspect: boolean) => void} [suspected] Nothing comes, or something again.
 * @property {AbortSignal} [signal] Aborted: the door is not wanted any more.
 * @typedef {object} Door
 * @property {"peer" | "socket"} kind
 * @property {string} [id] What the server calls this connection.
 * @property {(text: string) => void} send Throws when it is closed.
 * @property {() => void} close Silent: the listener hears nothing more.
 * @property {() => boolean} seemsDead Whether it should have been heard of by now.
 * @property {MediaStream | null} [sound] Of the others.
 * @property {() => void} [doubt] The network has changed: look whether anything still comes.
 * @property {(track: MediaStreamTrack | null) => void} [replaceTrack]
 * @typedef {(listener: Listener) => Promise<Door>} Opener
 */

/** Remembers how the last tries went. */
export class Chooser {
  /** @type {string | null} Why there is no peer connection. */
  #reason = null;
  #peer;
  #socket;

  /** @param {{peer: Opener, socket: Opener | null}} openers Null: words alone are no use here. */
  constructor({ peer, socket }) {
    this.#peer = peer;
    this.#socket = socket;
  }

  /** Why the peer connection could not be had, or null. */
  get reason() {
    return this.#reason;
  }

  get canUpgrade() {
    return this.#reason !== null && !isHopeless(this.#reason);
  }

  /** @param {Listener} listener @returns {Promise<Door>} */
  async open(listener) {
    // Where the peer failed once, words come first; `upgrade` tries for the sound later.
    if (this.#reason === null || this.#socket === null) {
      try {
        return await this.upgrade(listener);
      } catch (error) {
        if (this.#socket === null || this.#reason === null) throw error;
      }
    }
    return this.#socket(listener);
  }

  /** @param {Listener} listener @returns {Promise<Door>} A peer connection. */
  async upgrade(listener) {
    try {
      const door = await this.#peer(listener);
      this.#reason = null;
      return door;
    } catch (error) {
      const code = codeOf(error);
      // What was given up says nothing about what can be had.
      if (allowsSocket(code) && !listener.signal?.aborted) this.#reason = code;
      throw error;
    }
  }
}
