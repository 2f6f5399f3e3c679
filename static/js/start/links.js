/** The panel of links: one a person. Tells `make-link`, `enter`, `close-links`. */

import { fill, h, tell } from "../dom.js";
import { pageUrl } from "../api.js";
import { bdi } from "../names.js";
import { t } from "../texts/start.js";
import { linkCard } from "./link.js";
import { hasQr, peopleOf } from "./people.js";

/**
 * @typedef {import("./people.js").Person} Person
 * @typedef {{session: string, title: string, people: readonly Person[], isNew: boolean,
 *   mine: string | null, problem?: string}} Links
 *   `mine`: the seat of whoever made it. `isNew`: all links were made with the interview.
 */

export function linksPanel() {
  /** @type {Links | null} */
  let state = null;
  const section = h("section", {
    id: "links",
    class: "card",
    "aria-labelledby": "links-title",
    hidden: true,
  });

  /** @param {Links | null} [links] Without: the same in the page's language. */
  const show = (links = state) => {
    state = links;
    section.hidden = !state;
    fill(section, ...(state ? content(state) : []));
  };

  document.addEventListener("keydown", (event) => {
    // In a dialog the key closes the dialog, while composing it ends the composition.
    const isElsewhere = event.isComposing || document.querySelector("dialog[open]") !== null;
    if (event.key === "Escape" && !section.hidden && !isElsewhere) tell(section, "close-links");
  });

  return {
    element: section,
    show,
    focus: () => /** @type {HTMLElement} */ (section.querySelector("h2")).focus(),
    /** @param {string | null} seat Focus goes to the copy button of the link just made. */
    focusLink(seat) {
      const selector = `[data-seat="${seat ?? ""}"] .copy`;
      /** @type {HTMLElement | null} */ (section.querySelector(selector))?.focus();
    },
  };
}

/** @param {Links} links */
function content(links) {
  const title = links.title || t("untitled");
  return [
    h(
      "div",
      { class: "row head" },
      h("h2", { id: "links-title", tabindex: -1, class: "grow" }, `${t("linksTitle")}: `, bdi(title)),
      h(
        "button",
        { type: "button", onclick: (event) => tell(event.currentTarget, "close-links") },
        t("close"),
      ),
    ),
    h("p", { class: "quiet-text screen" }, links.isNew ? t("onePerson") : t("againText")),
    enter(links),
    links.problem ? h("p", { class: "bad", role: "alert" }, links.problem) : null,
    h("ul", { class: "list people" }, ...peopleOf(links).map((one) => linkCard(links, one))),
    why(links),
    h(
      "div",
      { class: "row foot screen" },
      links.people.some((one) => one.link && !one.isMine) &&
        h("button", { type: "button", onclick: () => window.print() }, t("print")),
      links.isNew && h("p", { class: "quiet-text grow" }, t("linksLater")),
    ),
  ];
}

/** @param {Links} links The way in of whoever made it. */
function enter(links) {
  const mine = links.people.find((one) => one.isMine)?.link;
  return h(
    "p",
    { class: "screen" },
    h(
      "a",
      {
        class: "button primary enter",
        href: pageUrl("room", links.session, ...(mine ? [mine.token] : [])),
        // Beside this page: the others' links are still needed.
        target: "_blank",
        rel: "noopener",
      },
      t(mine ? "enterMine" : "enterOperator"),
    ),
  );
}

/** @param {Links} links Says why a phone cannot come in, where it cannot. */
function why(links) {
  const made = links.people.filter((one) => one.link);
  if (!made.length || hasQr(links.people)) return null;
  const isHere = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  const isPublic = made.some((one) => one.link?.url);
  return h(
    "p",
    { class: "notice screen" },
    isHere && !isPublic && h("strong", {}, `${t("onlyHere")} `),
    t("noQr"),
  );
}
