/** What the evidence supports so far, per applicant and criterion. Never a verdict. */

import { criterionName } from "../criteria.js";
import { fill, h, tell } from "../dom.js";
import { personNode } from "../names.js";
import { isApplicant, seatClass } from "../seats.js";
import { quotes } from "../state/looks.js";
import { t } from "../texts/room.js";
import { clock } from "../time.js";
import { levelWords } from "./levels.js";

/** @typedef {import("../state.js").State} State */

/** @returns {import("./scene.js").View} */
export function evaluationView() {
  const body = h("div", { id: "evaluation", class: "scroller", tabindex: 0 });
  body.setAttribute("aria-label", t("evaluation"));
  const element = h(
    "section",
    { class: "panel evaluation", "data-panel": "evaluation", "aria-labelledby": "evaluation-title" },
    h("h2", { id: "evaluation-title", class: "panel-head" }, t("evaluation")),
    body,
  );
  /** @type {unknown} */
  let evaluations = null;
  /** @type {unknown} */
  let seats = null;
  return {
    element,
    show({ state }) {
      // Every 30 s at most: made anew each time. Quotes need the words, which come before.
      if (evaluations === state.evaluations && seats === state.seats) return;
      evaluations = state.evaluations;
      seats = state.seats;
      const applicants = state.seats.filter(({ seat }) => isApplicant(seat));
      const focused = keyOfFocus(body);
      fill(
        body,
        h("p", { class: "quiet-text" }, t("noJudgement")),
        ...applicants.map(({ seat }) => applicantPart(state, seat)),
      );
      const again = focused && body.querySelector(`[data-quote="${CSS.escape(focused)}"]`);
      if (again instanceof HTMLElement) again.focus();
    },
  };
}

/** @param {Element} body @returns {string | null} The quote that has the focus. */
function keyOfFocus(body) {
  const active = document.activeElement;
  return active instanceof HTMLElement && body.contains(active)
    ? (active.dataset.quote ?? null)
    : null;
}

/** @param {State} state @param {string} seat */
function applicantPart(state, seat) {
  const evaluation = state.evaluations[seat];
  return h(
    "article",
    { class: `judged ${seatClass(seat)}` },
    h(
      "h3",
      {},
      h("span", { class: "who" }, personNode(seat, state.seats)),
      evaluation && h("small", { class: "quiet-text" }, evaluatedAt(evaluation)),
    ),
    evaluation
      ? h("ul", { class: "list criteria" }, ...evaluation.levels.map((l) => criterion(state, seat, l)))
      : h("p", { class: "quiet-text" }, t("noEvaluation")),
  );
}

/** @param {import("../state.js").Evaluation} evaluation */
const evaluatedAt = ({ at }) => ` ${t("evaluatedAt", { time: clock(at) })}`;

/**
 * @param {State} state
 * @param {string} seat
 * @param {import("../state.js").Evaluation["levels"][number]} level
 */
function criterion(state, seat, { criterion: title, level, evidence }) {
  const found = quotes(state, evidence);
  return h(
    "li",
    { class: "criterion" },
    h(
      "div",
      { class: "criterion-head" },
      h("strong", {}, criterionName(title)),
      h("span", { class: level === null ? "quiet-text" : "level" }, levelText(level, found.length > 0)),
    ),
    ...found.map((quote, index) => quoteButton(quote, title, `${seat}-${title}-${index}`)),
    found.length === 0 && h("p", { class: "quiet-text" }, t("noEvidence")),
  );
}

/** @param {number | null} level @param {boolean} hasEvidence */
const levelText = (level, hasEvidence) => t(levelWords(level, hasEvidence), { level: level ?? "" });

/**
 * @param {{segment: string, before: string, words: string, after: string}} quote
 * @param {string} title
 * @param {string} key
 */
function quoteButton({ segment, before, words, after }, title, key) {
  const button = h(
    "button",
    { type: "button", class: "quote", title: t("evidenceOf", { criterion: criterionName(title) }), "data-quote": key },
    h("span", {}, before, h("mark", {}, words), after),
  );
  button.addEventListener("click", () => tell(button, "show-line", segment));
  return button;
}
