/** What was said, with notes and gaps where they belong. */

import { LOW_CONFIDENCE } from "../confidence.js";
import { h, tell } from "../dom.js";
import { bdi, withNames } from "../names.js";
import { personName, SEATS, seatClass } from "../seats.js";
import { badge, speakerName } from "../speakers/badge.js";
import { t } from "../texts/review.js";
import { t as say } from "../texts/speakers.js";
import { clock } from "../time.js";

/** From so many on, only what is on the screen is laid out. */
const MANY = 300;

/**
 * @typedef {import("./record.js").Place} Place
 * @typedef {import("./record.js").Moment} Moment
 */

/**
 * @param {readonly Moment[]} moments
 * @param {readonly Place[]} places
 * @param {boolean} canFix Whether the reader may put right who said what. Tells `fix-line`.
 */
export function transcript(moments, places, canFix) {
  return h(
    "ol",
    {
      id: "transcript",
      class: moments.length > MANY ? "list many" : "list",
      "aria-label": t("transcript"),
    },
    ...moments.map((moment) => {
      switch (moment.kind) {
        case "said":
          return saidItem(moment, places, canFix);
        case "note":
          return noteItem(moment, places);
        case "consent":
          return consentItem(moment, places);
        case "lost":
          return lostItem(moment, places);
        case "suppressed":
          return suppressedItem(moment, places);
        default:
          return gapItem(moment, places);
      }
    }),
  );
}

/** @param {import("./record.js").Said} said @param {readonly Place[]} places @param {boolean} canFix */
function saidItem(said, places, canFix) {
  const isLow = said.confidence < LOW_CONFIDENCE;
  const isGuess = said.sureness === "likely";
  const percent = Math.round(said.confidence * 100);
  const marks = [said.isTurn && "turn", isLow && "low", isGuess && "likely"].filter(Boolean);
  return h(
    "li",
    {
      id: said.id,
      class: ["said", seatClass(said.seat), ...marks].join(" "),
      "data-seat": said.key,
      tabindex: -1,
    },
    h("span", { class: "head-of-line" }, name(said, places, canFix), isGuess && guess()),
    h("span", { class: "at" }, clock(said.at)),
    h("span", { class: "words", lang: "ko" }, said.text),
    isLow && h("span", { class: "mark", title: t("lowTitle", { percent }) }, t("low")),
    said.isLate && h("span", { class: "mark late", title: t("lateTitle") }, t("late")),
    (said.isMoved || said.heard !== null) && putRight(said),
  );
}

/** @param {import("./record.js").Said} said @param {readonly Place[]} places @param {boolean} canFix */
function name(said, places, canFix) {
  const parts = [badge(said), h("span", { class: "who" }, bdi(speakerName(said, places)))];
  if (!canFix) return h("span", { class: "speaker" }, ...parts);
  const about = { type: "button", class: "speaker", title: say("change"), "aria-haspopup": "dialog" };
  const button = h("button", about, ...parts);
  button.addEventListener("click", () => tell(button, "fix-line", { segment: said.segment, anchor: button }));
  return button;
}

const guess = () => h("span", { class: "tag guess", title: say("likelyLong") }, say("likely"));

/**
 * What people changed; how the words were understood before is there for whoever asks.
 *
 * @param {import("./record.js").Said} said
 */
function putRight({ isMoved, heard }) {
  return h(
    "span",
    { class: "put-right" },
    isMoved && h("span", { class: "tag", title: say("movedLong") }, t("moved")),
    heard !== null &&
      h(
        "details",
        { class: "heard" },
        h("summary", { class: "tag", title: say("editedLong") }, t("edited")),
        h("span", {}, `${t("heardFirst")} `, h("q", { lang: "ko" }, heard)),
      ),
  );
}

/** @param {import("./record.js").Suppressed} one @param {readonly Place[]} places */
function suppressedItem(one, places) {
  const s = Math.max(1, Math.round(one.end - one.at));
  return h(
    "li",
    { class: "suppressed", "data-seat": one.track },
    h("span", { class: "at" }, clock(one.at)),
    h("span", {}, ...withNames(t("suppressedLine", { s }), { who: trackName(one.track, places) })),
  );
}

/** @param {import("./record.js").Noted} note @param {readonly Place[]} places */
function noteItem(note, places) {
  return h(
    "li",
    { id: note.id, class: `note ${seatClass(note.about)}`, "data-seat": note.about, tabindex: -1 },
    h("span", { class: "at" }, clock(note.at)),
    h("span", { class: "by" }, ...byline(note, places)),
    h("span", { class: "words" }, note.text),
    note.isEdited && h("span", { class: "put-right" }, h("span", { class: "tag" }, say("noteEdited"))),
  );
}

/** @param {import("./record.js").Missed} gap @param {readonly Place[]} places */
function gapItem(gap, places) {
  const who = trackName(gap.track, places);
  const isKnown = gap.reason === "no_packets" || gap.reason === "reconnected";
  return h(
    "li",
    { class: "gap", "data-seat": gap.track },
    h("span", { class: "at" }, clock(gap.at)),
    h(
      "span",
      {},
      ...withNames(t("gap", { s: Math.max(1, Math.round(gap.end - gap.at)) }), { who }),
      ". ",
      isKnown && t(gap.reason === "no_packets" ? "gap_no_packets" : "gap_reconnected"),
    ),
  );
}

/** @param {import("./record.js").Lost} lost @param {readonly Place[]} places */
function lostItem(lost, places) {
  return h(
    "li",
    { class: "gap", "data-seat": lost.track },
    h("span", { class: "at" }, clock(lost.at)),
    h("span", {}, ...withNames(t("lost"), { who: trackName(lost.track, places) })),
  );
}

/** @param {import("./record.js").Agreed} one @param {readonly Place[]} places */
function consentItem(one, places) {
  const words = t(one.to);
  return h(
    "li",
    { class: "consent", "data-seat": one.seat },
    h("span", { class: "at" }, clock(one.at)),
    h("span", {}, ...withNames(words, { who: personName(one.seat, places) })),
  );
}

/** @param {string} track @param {readonly Place[]} places */
function trackName(track, places) {
  return SEATS.includes(track) ? personName(track, places) : t("roomMicrophone");
}

/** @param {import("./record.js").Noted} note @param {readonly Place[]} places */
export function byline(note, places) {
  const by = note.by === "operator" ? t("operator") : personName(note.by, places);
  return withNames(t("note"), { by, about: personName(note.about, places) });
}
