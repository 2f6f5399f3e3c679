/** What interview this is. */

import { pageUrl } from "../api.js";
import { h, tell } from "../dom.js";
import { bdi, personNode } from "../names.js";
import { seatClass } from "../seats.js";
import { t } from "../texts/review.js";
import { clock, dateAndTime } from "../time.js";
import { isPartlyErased, kept } from "./record.js";

/**
 * @typedef {import("./record.js").Result} Result
 * @typedef {import("./record.js").Place} Place
 */

/** @param {Result} result @param {readonly Place[]} places */
export function head(result, places) {
  const isOver = result.revision > 0;
  return h(
    "section",
    { class: "card head" },
    h("h2", { id: "record-title", tabindex: -1 }, bdi(result.title || t("untitled"))),
    !isOver && liveNotice(result),
    h(
      "dl",
      {},
      ...fact("job", result.job && bdi(result.job)),
      ...fact("date", dateAndTime(Date.parse(result.start_time) / 1000)),
      ...fact("duration", clock(result.duration)),
      ...fact(
        "revision",
        isOver ? t("revisionOf", { number: result.revision }) : t("revisionLive"),
      ),
      ...fact("consent", result.consent ? t(`consent_${result.consent}`) : ""),
      ...fact("kept", people(placesOf(kept(result), places))),
      ...fact("participants", people(places)),
    ),
    result.dropped_utterances > 0 &&
      h("p", { class: "warn" }, t("dropped", { number: result.dropped_utterances })),
    h(
      "button",
      {
        type: "button",
        class: "skip",
        onclick: (event) => tell(event.currentTarget, "go-to", "transcript-title"),
      },
      t("toTranscript"),
    ),
    isPartlyErased(result) && h("p", { class: "quiet-text" }, t("partlyErased")),
  );
}

/** @param {Result} result */
function liveNotice(result) {
  return h(
    "div",
    { class: "row notice live" },
    h("p", { class: "grow" }, t("live")),
    h(
      "a",
      { class: "button primary", href: pageUrl("room", result.session_id) },
      t("openRoom"),
    ),
    h(
      "button",
      { type: "button", onclick: (event) => tell(event.currentTarget, "reload") },
      t("reload"),
    ),
  );
}

/**
 * @param {"job" | "date" | "duration" | "revision" | "consent" | "kept" | "participants"} key
 * @param {string | Node | null} value
 */
function fact(key, value) {
  return value ? [h("dt", {}, t(key)), h("dd", {}, value)] : [];
}

/** @param {string[]} seats @param {readonly Place[]} places @returns {Place[]} */
function placesOf(seats, places) {
  return seats.map((seat) => places.find((place) => place.seat === seat) ?? { seat });
}

/** @param {readonly Place[]} places */
function people(places) {
  if (!places.length) return null;
  return h(
    "ul",
    { class: "list people" },
    ...places.map(({ seat }) => h("li", { class: seatClass(seat) }, personNode(seat, places))),
  );
}
