/** What was said, with notes and gaps where they belong. */

import { LOW_CONFIDENCE } from "../confidence.js";
import { h } from "../dom.js";
import { personNode, withNames } from "../names.js";
import { personName, SEATS, seatClass } from "../seats.js";
import { t } from "../texts/review.js";
import { clock } from "../time.js";

/** From so many on, only what is on the screen is laid out. */
const MANY = 300;

/**
 * @typedef {import("./record.js").Place} Place
 * @typedef {import("./record.js").Moment} Moment
 */

/** @param {readonly Moment[]} moments @param {readonly Place[]} places */
export function transcript(moments, places) {
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
          return saidItem(moment, places);
        case "note":
          return noteItem(moment, places);
        case "consent":
          return consentItem(moment, places);
        case "lost":
          return lostItem(moment, places);
        default:
          return gapItem(moment, places);
      }
    }),
  );
}

/** @param {import("./record.js").Said} said @param {readonly Place[]} places */
function saidItem(said, places) {
  const isLow = said.confidence < LOW_CONFIDENCE;
  const percent = Math.round(said.confidence * 100);
  return h(
    "li",
    {
      id: said.id,
      class: `said ${seatClass(said.seat)}${said.isTurn ? " turn" : ""}${isLow ? " low" : ""}`,
      "data-seat": said.seat,
      tabindex: -1,
    },
    h("span", { class: "who" }, personNode(said.seat, places)),
    h("span", { class: "at" }, clock(said.at)),
    h("span", { class: "words", lang: "ko" }, said.text),
    isLow && h("span", { class: "mark", title: t("lowTitle", { percent }) }, t("low")),
    said.isLate && h("span", { class: "mark late", title: t("lateTitle") }, t("late")),
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
