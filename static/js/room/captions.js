/** The captions: rows are added where they belong, never all made anew. */

import { h, setText } from "../dom.js";
import { t } from "../texts/room.js";
import { captionRow, continues, nameRow, showInterim } from "./captionrow.js";
import { captionSize } from "./captionsize.js";
import { around, earlier, follow, newest, NEWEST } from "./rowwindow.js";

/**
 * @typedef {import("../state.js").State} State
 * @typedef {import("./scene.js").View & {reveal: (segment: string) => void}} CaptionsView
 */

/** Pixels from the bottom within which a reader counts as being there. */
const NEAR = 60;

/** @returns {CaptionsView} */
export function captionsView() {
  const earlierButton = h("button", { type: "button", class: "quiet earlier", hidden: true });
  const newestButton = h("button", { type: "button", class: "newest", hidden: true });
  const empty = h("p", { class: "quiet-text empty" });
  const together = h("p", { class: "quiet-text together", hidden: true });
  const list = h("ol", { class: "list" });
  const log = h("div", { id: "captions", role: "log", "aria-live": "polite" }, list);
  const interims = h("ul", { class: "list interims", "aria-hidden": "true" });
  const scroller = h("div", { class: "scroller", tabindex: 0 });
  scroller.append(earlierButton, together, empty, log, interims);
  const title = h("h2", { id: "captions-title", tabindex: -1 });
  const element = h(
    "section",
    { class: "panel captions", "data-panel": "captions", "aria-labelledby": "captions-title" },
    h("div", { class: "panel-head" }, title, captionSize(scroller)),
    scroller,
    newestButton,
  );
  const rows = new Rows(list);
  const speaking = new Speaking(interims);
  /** @type {State | null} */
  let shown = null;
  let view = NEWEST;
  let isFollowing = true;

  const stick = () => {
    if (isFollowing && view.to === null) scroller.scrollTop = scroller.scrollHeight;
    newestButton.hidden = isFollowing && view.to === null;
  };
  scroller.addEventListener("scroll", () => {
    if (scroller.clientHeight === 0) return; // The panel is hidden: nobody scrolled.
    const below = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    isFollowing = below < NEAR;
    newestButton.hidden = isFollowing && view.to === null;
  });
  new ResizeObserver(stick).observe(scroller);

  const draw = (/** @type {State} */ state) => {
    view = follow(view, state.lines.length, isFollowing);
    rows.show(state, view.from, view.to ?? state.lines.length);
    earlierButton.hidden = view.from === 0;
    empty.hidden = state.lines.length > 0 || Object.keys(state.interims).length > 0;
  };
  earlierButton.addEventListener("click", () => {
    if (!shown) return;
    // The row that was on top stays where it is; the earlier ones come above it.
    const top = list.firstElementChild;
    const before_px = top?.getBoundingClientRect().top ?? 0;
    isFollowing = false;
    view = earlier(view, shown.lines.length);
    draw(shown);
    scroller.scrollTop += (top?.getBoundingClientRect().top ?? 0) - before_px;
    newestButton.hidden = false;
  });
  newestButton.addEventListener("click", () => {
    if (!shown) return;
    isFollowing = true;
    view = newest(shown.lines.length);
    draw(shown);
    stick();
    scroller.focus({ preventScroll: true });
  });

  return {
    element,
    show({ state, link }) {
      setText(title, t("captions"));
      setText(empty, t(link.phase === "stopped" ? "noCaptionsHere" : "noCaptions"));
      together.hidden = !state.isTogether;
      setText(together, t("together"));
      setText(earlierButton, t("earlier"));
      setText(newestButton, `${t("newest")} ↓`);
      scroller.setAttribute("aria-label", t("captions"));
      // What was said before is not read out again when a page is loaded in mid-session.
      log.setAttribute("aria-busy", String(!state.isCaughtUp));
      if (shown?.lines !== state.lines || shown.voices !== state.voices || shown.seats !== state.seats
        || shown.interims !== state.interims) {
        draw(state);
        speaking.show(state);
        stick();
      }
      shown = state;
    },
    reveal(segment) {
      const place = shown?.lines.findIndex((line) => line.key === segment) ?? -1;
      if (!shown || place < 0) return;
      isFollowing = false;
      const isShown = place >= view.from && place < (view.to ?? shown.lines.length);
      if (!isShown) view = around(place, shown.lines.length);
      draw(shown);
      rows.mark(segment);
      newestButton.hidden = false;
    },
  };
}

/** The rows on the page, by the key of their line. */
class Rows {
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();
  /** @type {State | null} */
  #shown = null;
  #from = 0;
  #to = 0;
  #list;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
  }

  /** @param {State} state @param {number} from @param {number} to */
  show(state, from, to) {
    const last = this.#shown;
    const isSame = last?.lines === state.lines && this.#from === from && this.#to === to;
    if (isSame && last.voices === state.voices && last.seats === state.seats) return;
    this.#shown = state;
    this.#from = from;
    this.#to = to;
    const lines = state.lines.slice(from, to);
    const wanted = new Set(lines.map((line) => line.key));
    for (const [key, row] of this.#rows) {
      if (wanted.has(key)) continue;
      row.remove();
      this.#rows.delete(key);
    }
    /** @type {Element | null} */
    let next = this.#list.firstElementChild;
    lines.forEach((line, index) => {
      const known = this.#rows.get(line.key);
      const row = known ?? captionRow(state, line);
      if (known) nameRow(known, state, line);
      this.#rows.set(line.key, row);
      row.toggleAttribute("data-continues", continues(state, lines[index - 1], line));
      if (row === next) next = row.nextElementSibling;
      else this.#list.insertBefore(row, next);
    });
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
class Speaking {
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
        row = h("li");
        this.#rows.set(track, row);
        this.#list.append(row);
      }
      showInterim(row, state, interim);
    }
  }
}
