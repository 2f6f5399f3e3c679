/** The rows of the captions: made once, moved and changed where they stand. */

import { captionRow, continues, interimRow, showInterim, showLine } from "./captionrow.js";

/** @typedef {import("../state.js").State} State */

/** What of the state the rows show. */
export const SHOWN = /** @type {const} */ (["lines", "voices", "seats", "found", "speech"]);
/** What of it the words of the moment show. */
export const PASSING = /** @type {const} */ (["interims", "provisional"]);

/**
 * @param {State} state
 * @param {State | null} last
 * @param {readonly (keyof State)[]} parts
 */
export const isSame = (state, last, parts) => last !== null && parts.every((part) => last[part] === state[part]);

/** The rows on the page, by the key of their line. */
export class Rows {
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();
  /** @type {State | null} */
  #shown = null;
  #from = 0;
  #to = 0;
  #list;
  #canFix;

  /** @param {HTMLElement} list @param {boolean} canFix */
  constructor(list, canFix) {
    this.#list = list;
    this.#canFix = canFix;
  }

  /** @param {State} state @param {number} from @param {number} to */
  show(state, from, to) {
    const isHere = this.#from === from && this.#to === to;
    if (isHere && isSame(state, this.#shown, SHOWN)) return;
    this.#shown = state;
    this.#from = from;
    this.#to = to;
    const lines = state.lines.slice(from, to);
    const wanted = new Set(lines.map((line) => line.key));
    const place = this.#placeOfFocus();
    for (const [key, row] of this.#rows) {
      if (wanted.has(key)) continue;
      row.remove();
      this.#rows.delete(key);
    }
    /** @type {Element | null} */
    let next = this.#list.firstElementChild;
    lines.forEach((line, index) => {
      const known = this.#rows.get(line.key);
      const row = known ?? captionRow(state, line, this.#canFix);
      if (known) showLine(known, state, line);
      this.#rows.set(line.key, row);
      row.toggleAttribute("data-continues", continues(state, lines[index - 1], line));
      if (row === next) next = row.nextElementSibling;
      else this.#list.insertBefore(row, next);
    });
    // Its line was split, or made whole again: the focus stays where it was.
    const isGone = place >= 0 && this.#placeOfFocus() < 0;
    if (isGone) this.#list.children[place]?.querySelector("button")?.focus({ preventScroll: true });
  }

  #placeOfFocus() {
    const { activeElement } = document;
    return [...this.#list.children].findIndex((row) => row.contains(activeElement));
  }

  /** @param {string} key Brings the row into sight, and the focus to it. */
  mark(key) {
    const row = this.#rows.get(key);
    if (!row) return;
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
    row.classList.add("marked");
    setTimeout(() => row.classList.remove("marked"), 3000);
  }
}

/** The words of the moment: one row for every microphone somebody speaks into. */
export class Speaking {
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();
  #list;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
  }

  /** @param {State} state */
  show(state) {
    for (const [track, row] of this.#rows) {
      if (track in state.interims) continue;
      row.remove();
      this.#rows.delete(track);
    }
    for (const [track, interim] of Object.entries(state.interims)) {
      let row = this.#rows.get(track);
      if (!row) {
        row = interimRow();
        this.#rows.set(track, row);
        this.#list.append(row);
      }
      showInterim(row, state, track, interim);
    }
  }
}
