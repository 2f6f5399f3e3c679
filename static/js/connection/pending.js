/** Commands that have no answer yet. They survive a lost connection: the same id is sent again. */

import { Refusal } from "./codes.js";

/**
 * @typedef {Record<string, unknown> & {type: string}} Command
 * @typedef {object} Item
 * @property {string} id
 * @property {Command} command With its id.
 * @property {number} until_s When its author is told that it was not saved.
 * @property {boolean} isKept Whether it is sent again over a new connection.
 * @property {(answer: any) => void} resolve
 * @property {(refusal: Refusal) => void} reject
 */

export const LIMIT = 100;

/** A bounded queue with deadlines; whoever owns it knows the time. */
export class Pending {
  /** @type {Map<string, Item>} In the order in which they were given. */
  #items = new Map();

  /** @returns {Command[]} What has to be sent over a new connection. */
  get commands() {
    return [...this.#items.values()].map((item) => item.command);
  }

  get size() {
    return this.#items.size;
  }

  /**
   * Takes a command and its id; the promise has the answer.
   *
   * @param {string} id
   * @param {{type: string}} command
   * @param {{until_s: number, isKept?: boolean}} terms
   * @returns {Promise<any>} Rejected with a `Refusal`: the server's code, `late`, `lost` or
   *   `overfull`.
   */
  add(id, command, { until_s, isKept = true }) {
    if (this.#items.size >= LIMIT) return Promise.reject(new Refusal("overfull"));
    return new Promise((resolve, reject) => {
      const item = { id, command: { ...command, id }, until_s, isKept, resolve, reject };
      this.#items.set(id, item);
    });
  }

  /** @param {{type: string, reply_to?: string | null, code?: string, error?: string}} message */
  answered(message) {
    const item = this.#items.get(message.reply_to ?? "");
    if (!item) return;
    // The server is leaving and has not done it: the next one will be asked.
    if (message.code === "shutting_down" && item.isKept) return;
    this.#items.delete(item.id);
    if (message.type === "error") item.reject(new Refusal(message.code ?? "internal", message.error));
    else item.resolve(message);
  }

  /** The connection was lost: whatever was meant for it alone fails. */
  lost() {
    this.#fail("lost", (item) => !item.isKept);
  }

  /** @param {number} now_s Fails whatever has waited too long. */
  expire(now_s) {
    this.#fail("late", (item) => item.until_s <= now_s);
  }

  /** @param {string} code There will be no further connection. */
  abandon(code) {
    this.#fail(code, () => true);
  }

  /** @param {string} code @param {(item: Item) => boolean} which */
  #fail(code, which) {
    for (const item of [...this.#items.values()].filter(which)) {
      this.#items.delete(item.id);
      item.reject(new Refusal(code));
    }
  }
}
