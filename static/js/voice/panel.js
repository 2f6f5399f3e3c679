/** One person reads, and sees what becomes of it. */

import { fill, h, setText } from "../dom.js";
import { isolated } from "../names.js";
import { meter } from "../microphone/meter.js";
import { personName } from "../seats.js";
import { errorText } from "../texts/errors.js";
import { t } from "../texts/voice.js";
import { LEAST_S, LONGEST_S } from "./reading.js";

/**
 * @typedef {import("./enrolment.js").Enrolment} Enrolment
 * @typedef {import("../state.js").Seat} Seat
 *
 * @typedef {object} Looks
 * @property {readonly Seat[]} seats
 * @property {boolean} isOthers Somebody else asks this person to read.
 * @property {() => boolean} mayBegin Says on the page what is missing, if anything.
 */

/**
 * It follows the enrolment until it is taken out of the page; made anew in another language.
 *
 * @param {Enrolment} enrolment
 * @param {Looks} looks
 * @returns {HTMLElement}
 */
export function voicePanel(enrolment, { seats, isOthers, mayBegin }) {
  const status = h("p", { class: "voice-status", role: "status" });
  const detail = h("p", { class: "warn", hidden: true });
  const text = h("blockquote", { class: "voice-text", "aria-label": t("textTitle") }, t("text"));
  const bar = h("progress", { class: "voice-progress", max: LONGEST_S, value: 0 });
  const left = h("span", { class: "quiet-text" });
  const gauge = h("div", { class: "voice-gauge" });
  const during = h("div", { class: "voice-during" }, gauge, h("div", { class: "row" }, bar, left));
  const buttons = h("div", { class: "row voice-buttons" });
  const element = h("div", { class: "voice-panel", tabindex: -1 }, text, during, status, detail, buttons);
  let isForgotten = false;
  let shown = "";

  const begin = () => {
    if (!mayBegin()) return;
    isForgotten = false;
    void enrolment.begin();
  };
  const button = (/** @type {import("../texts/voice.js").Key} */ key, /** @type {() => void} */ onclick, kind = "") =>
    h("button", { type: "button", class: kind, "data-voice": key, onclick }, t(key));

  function actions() {
    const { phase, isKnown } = enrolment.state;
    if (phase === "reading") {
      return [
        button("finish", () => enrolment.finish(), "primary"),
        button("cancel", () => enrolment.cancel(), "quiet"),
      ];
    }
    if (enrolment.isBusy) return [];
    const forget = () => {
      isForgotten = true;
      void enrolment.forget();
    };
    const isFirst = phase === "ready" && !isKnown;
    return [
      button(!isFirst ? "again" : isOthers ? "beginOthers" : "begin", begin, isFirst ? "primary" : ""),
      isKnown && button("forget", forget, "quiet"),
    ];
  }

  function sayWhere() {
    const { phase, code, alike, isKnown } = enrolment.state;
    element.dataset.phase = phase;
    status.className = `voice-status ${phase === "failed" ? "bad" : phase === "learnt" ? "good" : ""}`;
    setText(status, said(phase, code, isForgotten && !isKnown, enrolment.wasRead));
    const names = alike.map((seat) => isolated(personName(seat, seats))).join(", ");
    detail.hidden = alike.length === 0;
    setText(detail, names && t(isOthers ? "alikeNote" : "alike", { names }));
  }

  function show() {
    const { phase, isKnown } = enrolment.state;
    const isReading = phase === "reading";
    const key = `${phase} ${isKnown}`;
    const isNew = key !== shown;
    const hadFocus = element.contains(document.activeElement);
    if (isNew) {
      shown = key;
      fill(buttons, ...actions());
      fill(gauge, isReading && meter(sounding()));
    }
    during.hidden = !isReading;
    text.hidden = phase === "learnt" || phase === "sending" || phase === "forgetting";
    sayWhere();
    if (isReading) follow();
    if (isNew) keepInSight(hadFocus);
  }

  /** @param {boolean} hadFocus */
  function keepInSight(hadFocus) {
    // What had the focus goes away with its phase: whoever works by keyboard stays here. While they
    // read the first button that works would cancel it.
    const isReading = enrolment.state.phase === "reading";
    const next = isReading ? null : buttons.querySelector("button");
    if (hadFocus) (next ?? element).focus();
    // On phones the text, or the way on, may be above or below what is seen.
    if (enrolment.state.phase !== "ready") element.scrollIntoView({ block: "nearest" });
  }

  function sounding() {
    return {
      isMuted: false,
      get level() {
        return enrolment.reading?.level ?? 0;
      },
    };
  }

  function follow() {
    const heard_s = enrolment.reading?.heard_s ?? 0;
    bar.value = Math.min(LONGEST_S, heard_s);
    setText(left, t("left", { s: Math.max(0, Math.ceil(LONGEST_S - heard_s)) }));
    const finish = /** @type {HTMLButtonElement | null} */ (buttons.querySelector("[data-voice=finish]"));
    if (finish) finish.disabled = heard_s < LEAST_S;
  }

  enrolment.addEventListener("change", () => {
    show();
    enrolment.reading?.addEventListener("change", follow);
  });
  show();
  return element;
}

/**
 * @param {import("./enrolment.js").Phase} phase
 * @param {string | null} code
 * @param {boolean} isForgotten
 * @param {boolean} wasRead Now, not by an earlier visitor of this page.
 * @returns {string}
 */
function said(phase, code, isForgotten, wasRead) {
  switch (phase) {
    case "ready":
      return isForgotten ? t("forgotten") : "";
    case "learnt":
      return t(wasRead ? "learnt" : "known");
    case "failed":
      return code === "unheard" || code === "microphone" ? t(code) : errorText(code ?? "internal");
    default:
      return t(phase);
  }
}
