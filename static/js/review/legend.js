/** What the marks of the transcript mean, and how it was made. */

import { LOW_CONFIDENCE } from "../confidence.js";
import { h } from "../dom.js";
import { t } from "../texts/review.js";
import { t as say } from "../texts/speakers.js";
import { clock } from "../time.js";
import { said } from "./said.js";

/** @typedef {import("./record.js").Result} Result */

/** A second hearing that ended less before the end has heard it all. */
const NEARLY_S = 5;

/** @param {Result} result @param {boolean} canFix @returns {HTMLElement} What stands above the words. */
export function preface(result, canFix) {
  const hasLines = result.transcripts.length > 0;
  const words = [checked(result), canFix && hasLines && say("fixHelp")].filter(Boolean);
  return h("p", { class: "quiet-text small preface" }, words.join(" "));
}

/** @param {Result} result @returns {string} That it was heard a second time, if it was. */
function checked({ checked: told, duration }) {
  if (!told) return "";
  const isWhole = told.through >= duration - NEARLY_S;
  const part = told.through > 0 ? t("checkedPart", { through: clock(told.through) }) : t("checkedSome");
  const how = isWhole ? t("checked") : part;
  const what = told.changed > 0 ? t("checkedChanged", { count: told.changed }) : t("checkedSame");
  return `${how} ${what}`;
}

/** @param {Result} result */
export function legend(result) {
  const lines = said(result);
  const hasLow = lines.some(({ confidence }) => confidence < LOW_CONFIDENCE);
  return h(
    "p",
    { class: "quiet-text small" },
    [
      lines.some(({ sureness }) => sureness === "likely") && say("likelyHelp"),
      hasLow && t("lowHelp"),
      lines.some(({ isLate }) => isLate) && t("lateHelp"),
      lines.some(({ seat }) => seat === null) && t("unknownHelp"),
    ].filter(Boolean).join(" "),
  );
}

/**
 * @param {Result} result
 * @param {HTMLElement} list
 * @param {{hasSuppressed: boolean}} sought Changed by the person.
 */
export function suppressedSwitch({ suppressed = [] }, list, sought) {
  if (suppressed.length === 0) return null;
  const box = h("input", { type: "checkbox" });
  box.checked = sought.hasSuppressed;
  const show = () => {
    sought.hasSuppressed = box.checked;
    list.classList.toggle("with-suppressed", box.checked);
  };
  box.addEventListener("change", show);
  show();
  const count = list.querySelectorAll(".suppressed").length;
  return h(
    "div",
    { class: "suppressed-switch" },
    h("label", {}, box, h("span", {}, say("suppressed", { count }))),
    h("p", { class: "quiet-text small" }, say("suppressedHelp")),
  );
}
