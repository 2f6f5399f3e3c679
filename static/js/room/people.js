/** Who is here, and whether they are heard. */

import { fill, h, setText, tell } from "../dom.js";
import { isolated, personNode } from "../names.js";
import { personName, seatClass } from "../seats.js";
import { speaking } from "../state/levels.js";
import { guests, hasRoomMicrophone, places, roomSounds, unconsented } from "../state/looks.js";
import { t } from "../texts/room.js";
import { t as say } from "../texts/speakers.js";
import { voiceRow } from "../voice/row.js";
import { isAlso } from "./scene.js";
import { speakingWord } from "./speakingmark.js";

/**
 * @typedef {import("./scene.js").Scene} Scene
 * @typedef {import("../state/looks.js").Place} Place
 * @typedef {import("../state/looks.js").Sound} Sound
 */

/** What is written for a sound, in a few words and in a sentence. */
const WORDS = /** @type {const} */ ({
  absent: ["absent", "absent"],
  left: ["left", "left"],
  muted: ["muted", "muted"],
  open: ["open", "open"],
  silent: ["silent", "silentLong"],
  lost: ["lost", "lostLong"],
  suspect: ["suspect", "suspectLong"],
  held: ["held", "heldLong"],
  room: ["here", "byRoom"],
  unconfirmed: ["here", "byRoomUnconfirmed"],
  roomless: ["here", "byRoomSoon"],
  none: ["noMicrophone", "noMicrophone"],
  waiting: ["waiting", "waiting"],
  checking: ["checking", "checking"],
});

/** @param {import("./scene.js").Join} [join] @returns {import("./scene.js").View} */
export function peopleView(join) {
  const list = h("ul", { id: "people", class: "list" });
  const room = h("div", { class: "room-microphone", hidden: true });
  const element = h(
    "section",
    { class: "panel attendance", "data-panel": "people", "aria-labelledby": "people-title" },
    h("h2", { id: "people-title", class: "unseen" }, t("people")),
    list,
    room,
    join && voiceRow(join),
  );
  let shown = "";
  /** @type {[string | null, ReturnType<typeof speakingWord>][]} Of seats; null: of the room's. */
  let marks = [];
  /** @type {Map<string, HTMLElement>} By seat: for how long it is still kept. */
  let rests = new Map();
  return {
    element,
    show(scene) {
      const here = places(scene.state, scene.now_s);
      const others = guests(scene.state);
      const microphone = roomPart(scene);
      // Made anew only when something a reader sees has changed: this is asked every second.
      const lasting = here.map((place) => ({ ...place, left_s: null }));
      const key = JSON.stringify([lasting, others, microphone, scene.state.learnt]);
      if (key !== shown) {
        shown = key;
        marks = [];
        const mark = (/** @type {string | null} */ seat, /** @type {string} */ word) => {
          const one = speakingWord(word);
          marks.push([seat, one]);
          return one.parts;
        };
        rests = new Map(here.map(({ seat }) => [seat, h("span", { class: "rest" })]));
        const row = (/** @type {Place} */ place) => placeRow(place, scene, mark, rests.get(place.seat));
        fill(list, ...here.map(row), ...others.map(guestRow));
        showRoom(room, microphone, scene, mark);
      }
      const now = speaking(scene.state, scene.now_s);
      for (const [seat, one] of marks) one.show(now.has(seat));
      for (const { seat, left_s } of here) {
        const rest = rests.get(seat);
        if (rest && left_s !== null) setText(rest, ` · ${t("heldFor", { s: left_s })}`);
      }
    },
  };
}

/**
 * @param {Place} place
 * @param {Scene} scene
 * @param {(seat: string | null, word: string) => Node[]} mark
 * @param {HTMLElement | undefined} rest Says how long a held seat is still kept.
 */
function placeRow(place, { state, join }, mark, rest) {
  const [short, long] = WORDS[place.sound];
  const isOwn = place.seat === join.seat;
  return h(
    "li",
    { class: `person ${seatClass(place.seat)}`, "data-sound": place.sound },
    h("span", { class: "who" }, personNode(place.seat, state.seats), isOwn && ` · ${t("mine")}`),
    h(
      "span",
      { class: "sound", "data-sound": place.sound, title: t(long) },
      ...(place.sound === "open" ? mark(place.seat, t(short)) : [t(short)]),
      place.sound === "held" && rest,
    ),
    place.seat in state.learnt && h("span", { class: "learnt" }, say("learnt")),
    // Why it is silent matters; that somebody is simply heard or absent does not.
    short !== long && h("span", { class: "long" }, t(long)),
    place.consent === "withdrawn" && h("span", { class: "warn" }, t("consentWithdrawn")),
    place.consent === "missing" &&
      place.isPresent &&
      h("span", { class: "warn" }, t("consentMissing")),
  );
}

/** @param {{role: string, count: number}} guest */
function guestRow({ role, count }) {
  const known = /** @type {const} */ (["operator", "observer", "microphone", "interviewer", "applicant"]);
  const word = known.find((one) => one === role);
  const what = word ? t(word) : role;
  const key = role === "microphone" ? "countDevices" : "count";
  return h("li", { class: "person guest" }, h("span", { class: "who" }, t(key, { what, count })));
}

/** @param {Scene} scene @returns {{isConfirmed: boolean, sounds: Sound[], missing: string[]} | null} */
function roomPart({ state, now_s }) {
  if (!hasRoomMicrophone(state)) return null;
  return {
    isConfirmed: state.isRoomConfirmed || state.isConsentExternal,
    sounds: roomSounds(state, now_s),
    missing: unconsented(state),
  };
}

/**
 * @param {HTMLElement} element
 * @param {ReturnType<typeof roomPart>} part
 * @param {Scene} scene
 * @param {(seat: string | null, word: string) => Node[]} mark
 */
function showRoom(element, part, { join, state }, mark) {
  element.hidden = part === null;
  if (part === null) return;
  const isOperator = isAlso(join, "operator");
  const seats = part.missing.map((seat) => isolated(personName(seat, state.seats))).join(", ");
  fill(
    element,
    h("strong", {}, t("roomTitle")),
    ...part.sounds.map((sound) =>
      h(
        "span",
        { class: "sound", "data-sound": sound },
        ...(sound === "open" ? mark(null, t(WORDS[sound][1])) : [t(WORDS[sound][1])]),
      ),
    ),
    h("p", { class: "quiet-text" }, t(part.isConfirmed ? "roomConfirmed" : "roomWaits")),
    !part.isConfirmed && seats && h("p", { class: "warn" }, t("roomMissing", { seats })),
    !part.isConfirmed &&
      isOperator &&
      h(
        "button",
        { type: "button", id: "confirm-room", onclick: () => tell(element, "confirm-room") },
        t("roomConfirm"),
      ),
  );
}
