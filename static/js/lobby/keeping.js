/** The free choice to have one's voice kept for a time; pure, but for the element. */

import { h } from "../dom.js";
import { t } from "../texts/lobby.js";

/**
 * @typedef {import("../room/scene.js").Join} Join
 * @typedef {import("./plan.js").Plan} Plan
 */

/**
 * Everybody in a seat is asked, those too whom only the room's microphone hears.
 *
 * @param {Pick<Join, "keep_audio_days">} join
 * @param {Pick<Plan, "consent">} plan
 */
export const isAsked = (join, plan) =>
  join.keep_audio_days > 0 && (plan.consent === "ask" || plan.consent === "given");

/**
 * A time in words: whole days, or hours where it is none, rather too many than too few.
 *
 * @param {number} days
 * @returns {string}
 */
export function howLong(days) {
  const isDays = Number.isInteger(days);
  const number = isDays ? days : Math.ceil(days * 24);
  if (isDays) return t(number === 1 ? "day" : "days", { number });
  return t(number === 1 ? "hour" : "hours", { number });
}

/**
 * @param {Join} join
 * @param {Plan} plan
 * @param {boolean} isChecked
 * @returns {{element: HTMLElement, box: HTMLInputElement}}
 */
export function keepingQuestion(join, plan, isChecked) {
  const box = h("input", { type: "checkbox", id: "keep-audio", "aria-describedby": "keep-audio-hint" });
  box.checked = isChecked;
  const label = t("keepAudio", { time: howLong(join.keep_audio_days) });
  const isOfRoom = plan.place === "heardByRoom";
  const hint = [t("keepAudioWhy"), t("keepAudioFree"), t(isOfRoom ? "keepAudioRoom" : "keepAudioEnd")];
  const element = h(
    "div",
    { class: "keeping" },
    h("label", { class: "check" }, box, h("span", {}, label)),
    h("p", { class: "quiet-text", id: "keep-audio-hint" }, hint.join(" ")),
  );
  return { element, box };
}
