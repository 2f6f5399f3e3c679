/** One row of the record: words, or a quiet line about words that are missing. */

import { LOW_CONFIDENCE } from "../confidence.js";
import { fill, h, setText } from "../dom.js";
import { isolated, personNode } from "../names.js";
import { personName, seatClass } from "../seats.js";
import { seatOfLine } from "../state/looks.js";
import { t } from "../texts/room.js";
import { clock } from "../time.js";

/**
 * @typedef {import("../state.js").State} State
 * @typedef {import("../state/lines.js").Line} Line
 */

/** The name is not repeated for the same speaker within so many seconds. */
const SAME_TURN_S = 30;
const UNDERSTOOD_TOO_LATE = new Set(["overloaded", "late", "engine_failed"]);

/** @param {State} state @param {Line} line @returns {HTMLLIElement} */
export function captionRow(state, line) {
  if (line.kind !== "caption") {
    return h("li", { class: "missing", "data-key": line.key }, missingText(state, line));
  }
  const isLow = line.text_confidence < LOW_CONFIDENCE;
  const row = h(
    "li",
    { "data-key": line.key, tabindex: -1 },
    h("bdi", { class: "who" }),
    h(
      "span",
      { class: "when" },
      line.isLate && h("span", { class: "late", title: t("lateWordsLong") }, t("lateWords")),
      h("time", {}, clock(line.start)),
    ),
    h("p", { class: isLow ? "words unsure" : "words", title: isLow && t("checkLong") }, line.text),
    isLow && h("span", { class: "unseen" }, ` (${t("check")})`),
  );
  nameRow(row, state, line);
  return row;
}

/** Voices get their seats later, too. @param {HTMLElement} row @param {State} state @param {Line} line */
export function nameRow(row, state, line) {
  if (line.kind !== "caption") return;
  const seat = seatOfLine(state, line);
  const kind = `caption ${seatClass(seat)}`;
  if (row.className !== kind) row.className = kind;
  const who = row.querySelector(".who");
  if (who) setText(who, personName(seat, state.seats));
}

/** @param {State} state @param {Line | undefined} before @param {Line} line @returns {boolean} */
export function continues(state, before, line) {
  return (
    before?.kind === "caption" &&
    line.kind === "caption" &&
    seatOfLine(state, before) === seatOfLine(state, line) &&
    line.start - before.end < SAME_TURN_S
  );
}

/** @param {State} state @param {Exclude<Line, {kind: "caption"}>} line @returns {string} */
function missingText(state, line) {
  const seat = seatOfLine(state, line);
  const who = seat ? isolated(personName(seat, state.seats)) : t("roomMicrophone");
  const s = (line.end - line.start).toFixed(0);
  const words = { who, s };
  const time = clock(line.start);
  if (line.kind === "withdrawn") return `${time} ${t("saidWithdrawn", { who })}`;
  if (line.kind === "gap") {
    const key = line.reason === "reconnected" ? "gapReconnected" : "gapNoPackets";
    return `${time} ${t(key, words)}`;
  }
  const key = UNDERSTOOD_TOO_LATE.has(line.reason) ? "droppedBusy" : "droppedUnclear";
  return `${time} ${t(key, words)}`;
}

/**
 * What somebody is saying now. Made once per microphone, then only its text changes.
 *
 * @param {HTMLElement} row
 * @param {State} state
 * @param {import("../state.js").Interim} interim
 */
export function showInterim(row, state, interim) {
  const kind = `interim ${seatClass(interim.speaker)}`;
  if (row.className !== kind) {
    row.className = kind;
    fill(row, h("span", { class: "who" }, personNode(interim.speaker, state.seats)), h("p"));
    row.lastElementChild?.classList.add("words");
  }
  const text = `${interim.committed} ${interim.tentative}`.trim();
  if (row.lastElementChild) setText(row.lastElementChild, text);
}
