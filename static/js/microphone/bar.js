/** The microphone in the room: level, choice of device, and what to do when it is lost. */

import { h, setText } from "../dom.js";
import { t } from "../texts/lobby.js";
import { meter } from "./meter.js";
import { picker } from "./picker.js";

/** @type {Record<import("./health.js").LostReason, import("../texts/lobby.js").Key>} */
const LOST = {
  unplugged: "lostUnplugged",
  denied: "lostDenied",
  interrupted: "lostInterrupted",
};

/**
 * It handles the device itself and tells nobody. Made anew when the language changes.
 *
 * @param {import("./microphone.js").Microphone} microphone
 * @returns {HTMLElement}
 */
export function microphoneBar(microphone) {
  const words = h("span", { class: "microphone-words" });
  const retry = h("button", { type: "button", onclick: () => void microphone.retry() }, t("retry"));
  const message = h("div", { class: "microphone-message", role: "status" }, words, retry);
  const gauge = meter(microphone);
  const choice = picker(microphone, (isChosen) => show(isChosen ? "" : t("notChosen")));
  const element = h("div", { class: "microphone-bar" }, gauge, choice, message);

  /** @param {string} [hint] */
  function show(hint = "") {
    const reason = microphone.lostReason;
    message.hidden = !reason && !hint;
    retry.hidden = !reason;
    gauge.hidden = reason !== null;
    message.classList.toggle("bad", reason !== null);
    setText(words, reason ? t(LOST[reason]) : hint);
  }

  const listeners = new AbortController();
  for (const name of ["lost", "back", "closed"]) {
    microphone.addEventListener(
      name,
      () => (element.isConnected ? show() : listeners.abort()),
      { signal: listeners.signal },
    );
  }
  show();
  return element;
}
