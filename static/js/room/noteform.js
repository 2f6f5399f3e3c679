/** Where a note is written: Alt and a digit choose the seat, Enter saves. */

import { h, setText, tell } from "../dom.js";
import { isApplicant, personName, seatClass } from "../seats.js";
import { t } from "../texts/room.js";
import { clock } from "../time.js";
import { noteShare } from "./notesize.js";

/** From this share of the limit on it is told how much is left. */
const NEARLY_FULL = 0.8;

/**
 * @typedef {import("./notekeeper.js").Draft} Draft
 * @typedef {import("../state.js").Seat} Seat
 */

/**
 * Tells `note` {speaker, note, media_at} and `draft` (a `Draft`).
 *
 * @param {readonly Seat[]} seats
 * @param {Draft} draft What was being written before the page was loaded.
 * @param {() => number} sessionNow
 * @param {boolean} listens Whether there are others to be heard.
 */
export function noteForm(seats, draft, sessionNow, listens) {
  let about = seats.some(({ seat }) => seat === draft.about) ? draft.about : firstChoice(seats);
  let mediaAt = draft.media_at;

  const choices = seats.map((place, index) => seatChoice(place, index, seats, about));
  const field = h("textarea", {
    id: "note",
    rows: 2,
    enterkeyhint: "send",
    "aria-label": t("noteLabel"),
    placeholder: t("notePlaceholder"),
    "aria-describedby": "note-hint note-limit",
  });
  field.value = draft.text;
  let wasEmpty = draft.text === "";
  const limit = h("p", { class: "note-limit", id: "note-limit", role: "status", hidden: true });
  const save = h("button", { class: "primary", type: "submit" }, t("noteSend"));
  const moment = h("button", { type: "button", class: "moment", hidden: true });
  const form = h(
    "form",
    { class: "note-form" },
    h(
      "fieldset",
      { class: "choices" },
      h("legend", { class: "unseen" }, t("noteAbout")),
      ...choices.map((choice) => choice.element),
    ),
    moment,
    h(
      "div",
      { class: "note-line" },
      field,
      save,
    ),
    limit,
    h("p", { class: "hint quiet-text", id: "note-hint" }, noteHint(listens)),
  );

  const showMoment = () => {
    moment.hidden = mediaAt === null;
    setText(moment, mediaAt === null ? "" : `${t("noteMoment", { time: clock(mediaAt) })} ✕`);
    moment.setAttribute("aria-label", t("noteMomentRemove"));
  };
  /** Nothing is cut: whoever writes too much is told. */
  const showLimit = () => {
    const share = noteShare(field.value.trim());
    save.disabled = share > 1;
    limit.hidden = share <= NEARLY_FULL;
    limit.classList.toggle("bad", share > 1);
    const percent = share > 1 ? Math.ceil(share * 100) : Math.floor(share * 100);
    setText(limit, limit.hidden ? "" : t(share > 1 ? "noteTooLong" : "noteNearLimit", { percent }));
  };
  const changed = () => {
    showLimit();
    field.rows = Math.min(6, Math.max(2, field.value.split("\n").length));
    showMoment();
    tell(form, "draft", { text: field.value, about, media_at: mediaAt });
  };
  const choose = (/** @type {number} */ number) => {
    const choice = choices[number - 1];
    if (!choice) return false;
    choice.input.checked = true;
    about = choice.seat;
    changed();
    return true;
  };
  const send = () => {
    const note = field.value.trim();
    if (!note || !about || noteShare(note) > 1) return;
    tell(form, "note", { speaker: about, note, media_at: mediaAt });
    field.value = "";
    mediaAt = null;
    wasEmpty = true;
    changed();
    field.focus();
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  form.addEventListener("change", (event) => {
    const chosen = choices.find((choice) => choice.input === event.target);
    if (!chosen) return;
    about = chosen.seat;
    changed();
  });
  moment.addEventListener("click", () => {
    mediaAt = null;
    changed();
    field.focus();
  });
  field.addEventListener("input", () => {
    // The moment a note is about is when somebody began to write it, not when they had finished.
    if (field.value === "") mediaAt = null;
    else if (wasEmpty) mediaAt = Math.round(sessionNow() * 10) / 10;
    wasEmpty = field.value === "";
    changed();
  });
  field.addEventListener("keydown", (event) => {
    // While Hangul is being composed, Enter belongs to the input method (229: Safari).
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape") {
      field.blur();
    }
  });
  showMoment();
  showLimit();

  return {
    element: form,
    choose,
    focus: () => field.focus(),
    /** @param {Draft} back Puts a note back, to be changed. */
    fill(back) {
      field.value = back.text;
      wasEmpty = false;
      mediaAt = back.media_at;
      choose(seats.findIndex(({ seat }) => seat === back.about) + 1);
      changed();
      field.focus();
    },
  };
}

/** @param {readonly Seat[]} seats @returns {string | null} The first applicant. */
function firstChoice(seats) {
  return (seats.find(({ seat }) => isApplicant(seat)) ?? seats[0])?.seat ?? null;
}

/** @param {Seat} place @param {number} index @param {readonly Seat[]} seats @param {string | null} about */
function seatChoice({ seat, name }, index, seats, about) {
  const input = h("input", { type: "radio", name: "about", value: seat, class: "unseen" });
  input.checked = seat === about;
  const element = h(
    "label",
    { class: `choice ${seatClass(seat)}` },
    input,
    h("span", {}, h("kbd", {}, index + 1), " ", h("bdi", {}, name || personName(seat, seats))),
  );
  return { seat, input, element };
}

/** @param {boolean} listens @returns {string} The keys that do something here. */
export const noteHint = (listens) => t("noteHint") + (listens ? t("noteHintSound") : "");
