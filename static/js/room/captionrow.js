/** One row of the record: words and who said them, or a quiet line about words that are missing. */

import { LOW_CONFIDENCE } from "../confidence.js";
import { fill, h, setText, tell } from "../dom.js";
import { isolated } from "../names.js";
import { personName, seatClass } from "../seats.js";
import { badge, showBadge, speakerName } from "../speakers/badge.js";
import { speakerNow, together } from "../state/hearing.js";
import { seatOfLine } from "../state/looks.js";
import { speaker, speakerOfLine } from "../state/speakers.js";
import { t } from "../texts/room.js";
import { t as say } from "../texts/speakers.js";
import { clock } from "../time.js";

/**
 * @typedef {import("../state.js").State} State
 * @typedef {import("../state/lines.js").Line} Line
 * @typedef {import("../state/lines.js").Caption} Caption
 * @typedef {{text: string, title: string, isGuess?: boolean}} Tag
 */

/** The name is not repeated for the same speaker within so many seconds. */
const SAME_TURN_S = 30;
const UNDERSTOOD_TOO_LATE = new Set(["overloaded", "late", "engine_failed"]);
const NOBODY = { seat: null, letter: "" };

/**
 * @param {State} state
 * @param {Line} line
 * @param {boolean} [canFix] Whether its reader may put right who said it.
 * @returns {HTMLLIElement}
 */
export function captionRow(state, line, canFix = false) {
  if (line.kind !== "caption") {
    return h("li", { class: "missing", "data-key": line.key }, missingText(state, line));
  }
  const row = h(
    "li",
    { "data-key": line.key, tabindex: -1 },
    h("div", { class: "head" }, namePart(line, canFix), h("span", { class: "tags" })),
    h(
      "span",
      { class: "when" },
      line.isLate && h("span", { class: "late", title: t("lateWordsLong") }, t("lateWords")),
      h("time", {}, clock(line.start)),
    ),
    h("p", { class: "words" }),
    h("span", { class: "unseen check" }),
  );
  showLine(row, state, line);
  return row;
}

/** @param {Caption} line @param {boolean} canFix */
function namePart({ key }, canFix) {
  const parts = [badge(NOBODY), h("bdi", { class: "who" })];
  if (!canFix) return h("span", { class: "speaker" }, ...parts);
  const about = { type: "button", class: "speaker", title: say("change"), "aria-haspopup": "dialog" };
  const button = h("button", about, ...parts);
  button.addEventListener("click", () => tell(button, "fix-line", { segment: key, anchor: button }));
  return button;
}

/**
 * Who said it, and what, is put right later, too.
 *
 * @param {HTMLElement} row
 * @param {State} state
 * @param {Line} line
 */
export function showLine(row, state, line) {
  if (line.kind !== "caption") return;
  const who = speakerOfLine(state, line);
  const tags = tagsOf(state, line, who.sureness);
  const kind = `caption ${seatClass(who.seat)}${who.sureness === "likely" ? " likely" : ""}`;
  if (row.className !== kind) row.className = kind;
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (row.querySelector(`.${name}`));
  showBadge(part("badge"), who);
  setText(part("who"), speakerName(who, state.seats));
  showTags(part("tags"), tags);
  const isLow = line.text_confidence < LOW_CONFIDENCE;
  const words = part("words");
  words.classList.toggle("unsure", isLow);
  words.title = isLow ? t("checkLong") : "";
  setText(words, line.text);
  setText(part("check"), isLow ? ` (${t("check")})` : "");
}

/**
 * @param {State} state
 * @param {Caption} line
 * @param {import("../confidence.js").Sureness} sureness
 * @returns {Tag[]}
 */
function tagsOf(state, line, sureness) {
  const fixed = [line.isMoved && say("movedLong"), line.isEdited && say("editedLong")].filter(Boolean);
  const others = togetherWith(state, line);
  return [
    ...(sureness === "likely" ? [{ text: say("likely"), title: say("likelyLong"), isGuess: true }] : []),
    ...(fixed.length > 0 ? [{ text: say("moved"), title: fixed.join(" ") }] : []),
    ...(others ? [{ text: say("together"), title: say("togetherLong", { who: others }) }] : []),
  ];
}

/** @param {State} state @param {Caption} line @returns {string} Names. */
const togetherWith = (state, line) =>
  together(state, line)
    .map((voice) => isolated(speakerName(speaker(state, voice, 1), state.seats)))
    .join(", ");

/** @param {HTMLElement} element @param {Tag[]} tags */
function showTags(element, tags) {
  const key = JSON.stringify(tags);
  if ((element.dataset["shown"] ?? "[]") === key) return;
  element.dataset["shown"] = key;
  const nodes = tags.map(({ text, title, isGuess }) =>
    h("span", { class: isGuess ? "tag guess" : "tag", title }, text, h("span", { class: "unseen" }, `: ${title}`)),
  );
  fill(element, ...nodes);
}

/** @param {State} state @param {Line | undefined} before @param {Line} line @returns {boolean} */
export function continues(state, before, line) {
  if (before?.kind !== "caption" || line.kind !== "caption") return false;
  if (line.start - before.end >= SAME_TURN_S || line.isMoved || line.isEdited) return false;
  const [one, other] = [speakerOfLine(state, before), speakerOfLine(state, line)];
  return (
    one.seat === other.seat &&
    one.letter === other.letter &&
    one.sureness === other.sureness &&
    together(state, line).length === 0
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

/** @returns {HTMLLIElement} Made once per microphone; then `showInterim`. */
export function interimRow() {
  const name = h("span", { class: "speaker" }, badge(NOBODY), h("bdi", { class: "who" }));
  return h("li", {}, h("div", { class: "head" }, name, h("span", { class: "tags" })), h("p", { class: "words" }));
}

/**
 * What somebody is saying now. At a room microphone, who seems to speak may change while they do.
 *
 * @param {HTMLElement} row
 * @param {State} state
 * @param {string} track
 * @param {import("../state.js").Interim} interim
 */
export function showInterim(row, state, track, interim) {
  const told = interim.speaker === null ? speakerNow(state, track, interim) : null;
  const guess = told && speaker(state, told.voice, told.confidence);
  const who = guess ?? { seat: interim.speaker, letter: "" };
  const isGuess = guess !== null && (guess.seat !== null || guess.letter !== "");
  const kind = `interim ${seatClass(who.seat)}${isGuess ? " likely" : ""}`;
  if (row.className !== kind) row.className = kind;
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (row.querySelector(`.${name}`));
  showBadge(part("badge"), who);
  setText(part("who"), speakerName(who, state.seats));
  showTags(part("tags"), isGuess ? [{ text: say("likely"), title: say("likelyLong"), isGuess }] : []);
  setText(part("words"), `${interim.committed} ${interim.tentative}`.trim());
}
