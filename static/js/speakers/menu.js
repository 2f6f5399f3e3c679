/**
 * Who said a line, put right: choosing a person is one press. Works on plain values, so that the
 * room and the record use the same one.
 */

import { h } from "../dom.js";
import { bdi, isolated } from "../names.js";
import { t } from "../texts/speakers.js";
import { clock } from "../time.js";
import { badge, speakerName } from "./badge.js";
import { commandFor } from "./commands.js";
import { sheet } from "./sheet.js";
import { wordsToSplit } from "./splitting.js";
import { editing } from "./writing.js";

/**
 * @typedef {import("./badge.js").Seats} Seats
 * @typedef {{type: string} & Record<string, unknown>} Command
 * @typedef {{voice: string, seat: string | null, letter: string}} Voice
 *
 * @typedef {object} Target What the menu is about.
 * @property {{key: string, start: number, text: string, words: readonly string[],
 *   isEdited: boolean} | null} line Null: a voice as a whole.
 * @property {string | null} voice Null: no voice is known, the line stands for itself.
 * @property {string | null} seat
 * @property {string} letter
 * @property {number} count Lines of the voice.
 * @property {boolean} isOwn It is the voice of an own microphone, which keeps its seat.
 * @property {readonly Voice[]} others Voices it may be taken for, the more heard first.
 *
 * @typedef {object} Given
 * @property {Element | null} anchor
 * @property {Seats} seats
 * @property {(command: Command, said: string) => void} correct
 */

/** @param {Target} target @param {Given} given */
export function speakerMenu(target, given) {
  const window = sheet(given.anchor);
  const { line, voice, isOwn } = target;
  const canAll = voice !== null && !isOwn;
  let isWhole = canAll && (line === null || target.seat === null);

  /** @param {Command} command @param {string} said */
  const done = (command, said) => {
    window.close();
    given.correct(command, said);
  };
  const choose = (/** @type {string | null} */ seat) => {
    const who = seat === null ? "" : isolated(speakerName({ seat, letter: "" }, given.seats));
    done(commandFor(target, seat, isWhole), seat === null ? t("doneNobody") : t("doneName", { who }));
  };

  const first = () => {
    window.show(
      t(line === null ? "whoIsIt" : "whoSpoke"),
      line && h("p", { class: "sheet-line quiet-text" }, `${clock(line.start)} `, bdi(line.text)),
      line && canAll && scope(target, isWhole, (is) => (isWhole = is)),
      people(target, given.seats, choose),
      canAll && same(target, given.seats, (into) => done({ type: "merge_voices", voice, into }, t("doneMerge"))),
      line && h("div", { class: "sheet-more" }, ...more()),
    );
  };

  const more = () => {
    if (line === null) return [];
    const isSplittable = line.words.length > 1 && !line.isEdited;
    return [
      isSplittable && action("split", () => wordsToSplit(window, line, first, done)),
      action("edit", () => editing(window, line, first, done)),
      canSwap(target) && action("swap", () => swap(window, target, given.seats, first, done)),
    ];
  };

  first();
  return window.closed;
}

/** @param {"split" | "edit" | "swap"} key @param {() => void} act */
const action = (key, act) => h("button", { type: "button", class: "quiet", "data-do": key, onclick: act }, t(key));

/**
 * @param {Target} target
 * @param {boolean} isWhole
 * @param {(isWhole: boolean) => void} change
 */
function scope({ count }, isWhole, change) {
  const radio = (/** @type {boolean} */ is, /** @type {string} */ words) => {
    const input = h("input", { type: "radio", name: "scope", value: is ? "voice" : "line", onchange: () => change(is) });
    input.checked = is === isWhole;
    return h("label", { class: "scope" }, input, h("span", {}, words));
  };
  return h(
    "fieldset",
    { class: "scopes" },
    h("legend", { class: "unseen" }, t("scope")),
    radio(false, t("scopeLine")),
    radio(true, t("scopeVoice", { count })),
  );
}

/** @param {Target} target @param {Seats} seats @param {(seat: string | null) => void} choose */
function people(target, seats, choose) {
  const all = seats.map(({ seat }, index) => person(seat, index, target, seats, choose));
  const list = h("div", { class: "people-choices", role: "group", "aria-label": t("whoSpoke") }, ...all);
  if (target.seat !== null) {
    const nobody = h("button", { type: "button", "data-seat": "", onclick: () => choose(null) });
    nobody.append(badge({ seat: null, letter: "" }), t("nobody"));
    list.append(nobody);
  }
  // Digits choose, as they do for notes; by position, so that they work in Korean input too.
  list.addEventListener("keydown", (event) => digit(event, seats, choose));
  return list;
}

/**
 * @param {string} seat
 * @param {number} index
 * @param {Target} target
 * @param {Seats} seats
 * @param {(seat: string) => void} choose
 */
function person(seat, index, target, seats, choose) {
  const isNow = seat === target.seat;
  const button = h(
    "button",
    { type: "button", "data-seat": seat, "aria-pressed": String(isNow), onclick: () => choose(seat) },
    badge({ seat, letter: "" }),
    h("span", { class: "name" }, bdi(speakerName({ seat, letter: "" }, seats))),
    h("kbd", { "aria-hidden": "true" }, index + 1),
  );
  if (isNow || (target.seat === null && index === 0)) button.setAttribute("autofocus", "");
  return button;
}

/** @param {KeyboardEvent} event @param {Seats} seats @param {(seat: string) => void} choose */
function digit(event, seats, choose) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const found = /^(?:Digit|Numpad)([1-6])$/.exec(event.code);
  const seat = found ? seats[Number(found[1]) - 1]?.seat : undefined;
  if (!seat) return;
  event.preventDefault();
  // The window closes at once: to the page below, the digit would mean something else.
  event.stopPropagation();
  choose(seat);
}

/** @param {Target} target @param {Seats} seats @param {(into: string) => void} merge */
function same({ others, seat }, seats, merge) {
  // Those with a name are among the people; a person with two voices is no mistake.
  const nameless = others.filter((other) => other.seat === null);
  if (seat !== null || nameless.length === 0) return null;
  return h(
    "div",
    { class: "sheet-more" },
    ...nameless.map((other) =>
      h(
        "button",
        { type: "button", class: "quiet", "data-into": other.voice, onclick: () => merge(other.voice) },
        t("sameAs", { who: speakerName(other, seats) }),
      ),
    ),
  );
}

/** @param {Target} target */
const swappable = ({ others, seat }) => others.filter((other) => other.seat !== null && other.seat !== seat);

/** @param {Target} target */
const canSwap = (target) =>
  target.voice !== null && !target.isOwn && target.seat !== null && swappable(target).length > 0;

/**
 * @param {import("./sheet.js").Sheet} window
 * @param {Target} target
 * @param {Seats} seats
 * @param {() => void} back
 * @param {(command: Command, said: string) => void} done
 */
function swap(window, target, seats, back, done) {
  const { voice } = target;
  window.show(
    t("swapTitle"),
    h("p", { class: "quiet-text" }, t("swapHelp", { who: isolated(speakerName(target, seats)) })),
    h(
      "div",
      { class: "people-choices" },
      ...swappable(target).map((other) => {
        const act = () => done({ type: "swap_voices", voice, other: other.voice }, t("doneSwap"));
        const button = h("button", { type: "button", "data-other": other.seat, onclick: act });
        button.append(badge(other), bdi(speakerName(other, seats)));
        return button;
      }),
    ),
    h("div", { class: "row end" }, h("button", { type: "button", onclick: back }, t("back"))),
  );
}
