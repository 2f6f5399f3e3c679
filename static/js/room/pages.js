/** Whole pages around the room: loading, refused, left, over. */

import { fill, h } from "../dom.js";
import { pageUrl } from "../api.js";
import { languageSwitch } from "../texts.js";
import { t } from "../texts/room.js";

/** Shows the page anew in another language. @type {(() => void) | null} */
let redraw = null;
document.addEventListener("languagechange", () => redraw?.());

/**
 * @param {Element} root
 * @param {string} title
 * @param {string} text
 * @param {...import("../dom.js").Child} more
 */
function showPage(root, title, text, ...more) {
  const heading = h("h2", { tabindex: -1 }, title);
  root.className = "page";
  fill(
    root,
    h("header", { class: "masthead" }, h("h1", {}, h("bdi", {}, document.title)), languageSwitch()),
    h("section", { class: "card" }, heading, h("p", {}, text), ...more),
  );
  // Whoever does not see the page change hears it.
  heading.focus({ preventScroll: true });
}

/** @param {Element} root */
export function showLoading(root) {
  root.className = "page";
  fill(root, h("p", { class: "quiet-text", role: "status" }, t("loading")));
}

/** @param {Element} root @param {() => string} text In the language of the moment. */
export function showRefused(root, text) {
  redraw = () => showRefused(root, text);
  showPage(root, t("stopped"), text(), reloadButton(t("retry")));
}

/** @param {Element} root */
export function showLeft(root) {
  redraw = () => showLeft(root);
  showPage(root, t("youLeft"), t("youLeftText"), reloadButton(t("enterAgain")));
}

/**
 * @param {Element} root
 * @param {{isErased: boolean, session: string, canReview: boolean, unsaved: readonly string[]}} end
 */
export function showOver(root, end) {
  const { isErased, session, canReview, unsaved } = end;
  redraw = () => showOver(root, end);
  showPage(
    root,
    t("over"),
    t(isErased ? "erased" : "overText"),
    unsaved.length > 0 && h("p", { class: "warn" }, t("overUnsaved")),
    unsaved.length > 0 && h("ul", {}, ...unsaved.map((note) => h("li", {}, note))),
    canReview &&
      h("a", { class: "button primary", href: pageUrl("review", session) }, t("openReview")),
  );
}

/** @param {string} text */
function reloadButton(text) {
  return h("button", { type: "button", class: "primary", onclick: () => location.reload() }, text);
}
