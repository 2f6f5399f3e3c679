/** Sends notes and keeps what is not in the record yet. */

import { newId } from "../connection/ids.js";
import { NoteKeeper } from "./notekeeper.js";
import { why } from "./refusals.js";

/**
 * @typedef {import("../connection/connection.js").Connection} Connection
 * @typedef {import("./notekeeper.js").Draft} Draft
 */

/** After so long a note counts as not saved; its author may try again or change it. */
const PATIENCE_S = 120;

/** Dispatches `change`. */
export class Notebook extends EventTarget {
  #keeper;
  #connection;

  /** @param {Connection} connection @param {string} session */
  constructor(connection, session) {
    super();
    this.#connection = connection;
    this.#keeper = new NoteKeeper(windowStore(), session);
  }

  get unsaved() {
    return this.#keeper.unsaved;
  }

  get draft() {
    return this.#keeper.draft;
  }

  /** @param {Draft} draft */
  write(draft) {
    this.#keeper.write(draft);
  }

  /** @param {{speaker: string, note: string, media_at: number | null}} note */
  save(note) {
    const id = newId();
    this.#keeper.add({ ...note, id });
    this.#send(id);
  }

  /** Sends what an earlier page of this window left behind. */
  resume() {
    for (const { id, status } of this.unsaved) if (status === "pending") this.#send(id);
  }

  /** The same id: if the first did arrive, it is not written twice. @param {string} id */
  retry(id) {
    this.#keeper.mark(id, "pending");
    this.#send(id);
  }

  /** @param {string} id @returns {Draft | null} What it said, to be changed. */
  takeBack(id) {
    const note = this.#keeper.remove(id);
    this.#changed();
    return note && { text: note.note, about: note.speaker, media_at: note.media_at };
  }

  /** @param {string} id */
  #send(id) {
    const note = this.unsaved.find((one) => one.id === id);
    if (!note) return;
    const command = { type: "speaker_note", speaker: note.speaker, note: note.note };
    const whole = note.media_at === null ? command : { ...command, media_at: note.media_at };
    this.#connection.command(whole, { id, patience_s: PATIENCE_S }).then(
      () => {
        this.#keeper.remove(id);
        this.#changed();
      },
      (error) => {
        // Leaving is no failure: the next page of this window sends it.
        if (error.code !== "left") this.#keeper.mark(id, "failed", why(error));
        this.#changed();
      },
    );
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new CustomEvent("change"));
  }
}

/** @returns {Storage | null} */
function windowStore() {
  try {
    return sessionStorage;
  } catch {
    return null; // Storage is forbidden in some private windows.
  }
}
