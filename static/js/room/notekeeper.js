/** Notes that are not in the record yet, and the draft: they survive a reload of the page. */

/**
 * @typedef {{id: string, speaker: string, note: string, media_at: number | null,
 *   status: "pending" | "failed", why: string}} Unsaved `why`: a sentence, when it failed.
 * @typedef {{text: string, about: string | null, media_at: number | null}} Draft
 * @typedef {{getItem: (key: string) => string | null,
 *   setItem: (key: string, value: string) => void}} Store
 */

const EMPTY = { text: "", about: null, media_at: null };

/** Keeps them in the window's own storage; where that is forbidden, as long as the page. */
export class NoteKeeper {
  /** @type {readonly Unsaved[]} In the order in which they were written. */
  unsaved = [];
  /** @type {Draft} */
  draft = EMPTY;
  #store;
  #key;

  /** @param {Store | null} store @param {string} session */
  constructor(store, session) {
    this.#store = store;
    this.#key = `daedam-notes:${session}`;
    try {
      const kept = JSON.parse(store?.getItem(this.#key) ?? "null");
      if (kept) {
        this.unsaved = kept.unsaved;
        this.draft = kept.draft;
      }
    } catch {
      // Whatever cannot be read is no note.
    }
  }

  /** @param {Draft} draft */
  write(draft) {
    this.draft = draft;
    this.#keep();
  }

  /** @param {{id: string, speaker: string, note: string, media_at: number | null}} note */
  add(note) {
    this.unsaved = [...this.unsaved, { ...note, status: "pending", why: "" }];
    this.draft = { ...EMPTY, about: this.draft.about };
    this.#keep();
  }

  /** @param {string} id It is in the record, or its author gave it up. @returns {Unsaved | null} */
  remove(id) {
    const found = this.unsaved.find((note) => note.id === id) ?? null;
    if (found) this.unsaved = this.unsaved.filter((note) => note !== found);
    this.#keep();
    return found;
  }

  /** @param {string} id @param {"pending" | "failed"} status @param {string} [why] */
  mark(id, status, why = "") {
    this.unsaved = this.unsaved.map((note) => (note.id === id ? { ...note, status, why } : note));
    this.#keep();
  }

  #keep() {
    try {
      const kept = JSON.stringify({ unsaved: this.unsaved, draft: this.draft });
      this.#store?.setItem(this.#key, kept);
    } catch {
      // Full or forbidden: then they last as long as the page.
    }
  }
}
