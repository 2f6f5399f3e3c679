/** Asks for corrections and takes one's own back: by the button of the message, or with Ctrl+Z. */

import { newId } from "../connection/ids.js";

/** @typedef {import("./menu.js").Command} Command */

/** So many of one's own corrections can be taken back, the last first. */
const REMEMBERED = 50;

/**
 * @typedef {object} Setup
 * @property {(command: Command, id: string) => Promise<any>} send Resolves to the answer.
 * @property {(id: string) => readonly number[]} seqsOf The events that a command became.
 * @property {(said: string, undo: (() => void) | null) => void} tell
 * @property {(error: unknown) => void} refuse
 */

/** One person's corrections on one page. */
export class Corrector {
  /** @type {{id: string, seq: number | null}[]} */
  #done = [];
  #setup;

  /** @param {Setup} setup */
  constructor(setup) {
    this.#setup = setup;
  }

  get canUndo() {
    return this.#done.length > 0;
  }

  /** @param {Command} command @param {string} said What the person is told when it is done. */
  async correct(command, said) {
    const id = newId();
    try {
      const { seq = null } = (await this.#setup.send(command, id)) ?? {};
      if (seq === null && this.#setup.seqsOf(id).length === 0) {
        this.#setup.tell(said, null); // It was so already: there is nothing to take back.
        return;
      }
      const one = { id, seq };
      this.#done = [...this.#done, one].slice(-REMEMBERED);
      this.#setup.tell(said, () => void this.#takeBack(one));
    } catch (error) {
      this.#setup.refuse(error);
    }
  }

  /** Takes the last one back. @param {string} said */
  async undo(said = "") {
    const last = this.#done.at(-1);
    if (last) await this.#takeBack(last, said);
  }

  /** @param {{id: string, seq: number | null}} one */
  async #takeBack(one, said = "") {
    if (!this.#done.includes(one)) return; // Pressed twice.
    this.#done = this.#done.filter((other) => other !== one);
    const known = this.#setup.seqsOf(one.id);
    const of = known.length > 0 ? known : one.seq === null ? [] : [one.seq];
    if (of.length === 0) return;
    try {
      await this.#setup.send({ type: "retract", of }, newId());
      this.#setup.tell(said, null);
    } catch (error) {
      this.#done = [...this.#done, one];
      this.#setup.refuse(error);
    }
  }
}
