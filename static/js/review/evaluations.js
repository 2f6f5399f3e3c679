/** What the evidence supports, per applicant; never a number to decide on. */

import { criterionName } from "../criteria.js";
import { h } from "../dom.js";
import { personNode } from "../names.js";
import { seatClass } from "../seats.js";
import { t } from "../texts/review.js";
import { dateAndTime } from "../time.js";
import { levelWord, newest } from "./record.js";

/**
 * @param {import("./record.js").Result} result
 * @param {readonly import("./record.js").Place[]} places
 */
export function evaluations(result, places) {
  const all = newest(result);
  return h(
    "section",
    { class: "card", id: "evaluations", "aria-labelledby": "evaluations-title" },
    h("h2", { id: "evaluations-title" }, t("evaluations")),
    ...all.map((one) => applicant(one, places)),
    all.some(hasNoLevel) && h("p", { class: "quiet-text small" }, t("noLevelHelp")),
    all.length
      ? h("p", { class: "quiet-text small" }, t("mentionsHelp"))
      : h("p", { class: "quiet-text" }, t("emptyEvaluations")),
  );
}

/** @param {ReturnType<typeof newest>[number]} one */
function hasNoLevel({ levels, mentions }) {
  const counts = new Map(mentions);
  return levels.some(
    ([name, level]) => levelWord(level, Number(counts.get(name) ?? 0)) === "noLevel",
  );
}

/**
 * @param {ReturnType<typeof newest>[number]} one
 * @param {readonly import("./record.js").Place[]} places
 */
function applicant(one, places) {
  const counts = new Map(one.mentions);
  return h(
    "table",
    { class: seatClass(one.applicant) },
    h(
      "caption",
      {},
      h("strong", { class: "who" }, personNode(one.applicant, places)),
      h("span", { class: "quiet-text small" }, t("evaluatedAt", { time: dateAndTime(one.wall) })),
    ),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("td", {}),
        h("th", { scope: "col" }, t("evaluations")),
        h("th", { scope: "col" }, t("mentions")),
      ),
    ),
    h(
      "tbody",
      {},
      ...one.levels.map(([name, level]) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, criterionName(name)),
          h(
            "td",
            { class: level === null ? "quiet-text" : "" },
            t(levelWord(level, Number(counts.get(name) ?? 0)), { level: level ?? "" }),
          ),
          h("td", {}, t("times", { number: counts.get(name) ?? 0 })),
        ),
      ),
    ),
  );
}
