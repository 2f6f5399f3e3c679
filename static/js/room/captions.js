/** The captions: rows are added where they belong, never all made anew. */

import { h, setText } from "../dom.js";
import { t } from "../texts/room.js";
import { captionSize } from "./captionsize.js";
import { isSame, PASSING, Rows, SHOWN, Speaking } from "./captionrows.js";
import { around, earlier, follow, newest, NEWEST } from "./rowwindow.js";
import { unnamedStrip } from "./unnamed.js";

/**
 * @typedef {import("../state.js").State} State
 * @typedef {import("./scene.js").View & {reveal: (segment: string) => void}} CaptionsView
 */

/** Pixels from the bottom within which a reader counts as being there. */
const NEAR = 60;

/** @param {boolean} [canFix] Whether the reader may put right who said what. @returns {CaptionsView} */
export function captionsView(canFix = false) {
  const earlierButton = h("button", { type: "button", class: "quiet earlier", hidden: true });
  const newestButton = h("button", { type: "button", class: "newest", hidden: true });
  const empty = h("p", { class: "quiet-text empty" });
  const together = h("p", { class: "quiet-text together", hidden: true });
  const list = h("ol", { class: "list" });
  const log = h("div", { id: "captions", role: "log", "aria-live": "polite" }, list);
  // Lines that are added, not each name that a correction changes.
  log.setAttribute("aria-relevant", "additions");
  const interims = h("ul", { class: "list interims", "aria-hidden": "true" });
  const scroller = h("div", { class: "scroller", tabindex: 0 });
  scroller.append(earlierButton, together, empty, log, interims);
  const title = h("h2", { id: "captions-title", tabindex: -1 });
  const strip = canFix ? unnamedStrip() : null;
  const element = h(
    "section",
    { class: "panel captions", "data-panel": "captions", "aria-labelledby": "captions-title" },
    h("div", { class: "panel-head" }, title, captionSize(scroller)),
    strip && strip.element,
    scroller,
    newestButton,
  );
  const rows = new Rows(list, canFix);
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
      if (!isSame(state, shown, [...SHOWN, ...PASSING])) {
        draw(state);
        if (!isSame(state, shown, SHOWN)) strip?.show(state);
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
