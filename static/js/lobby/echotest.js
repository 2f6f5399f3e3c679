/** Three seconds of one's own voice, recorded and played back inside the browser. */

import { h, setText } from "../dom.js";
import { canRecord, Playback, record } from "../microphone/echo.js";
import { t } from "../texts/lobby.js";

/**
 * @param {import("../microphone/microphone.js").Microphone} microphone
 * @param {AbortSignal} signal Ends it at once, playback included.
 * @returns {HTMLElement}
 */
export function echoTest(microphone, signal) {
  if (!canRecord()) return h("p", { class: "quiet-text" }, t("echoMissing"));
  const words = h("p", { class: "echo-words", role: "status" });
  const start = h("button", { type: "button", id: "echo", onclick: run }, t("echo"));
  const again = h("button", { type: "button", hidden: true, onclick: play }, t("echoPlay"));
  const buttons = h("div", { class: "row" }, start, again);
  const element = h("div", { class: "echo" }, buttons, words);
  /** @type {Playback | null} */
  let playback = null;

  for (const name of ["lost", "back"]) {
    const show = () => (start.disabled = microphone.lostReason !== null);
    microphone.addEventListener(name, show, { signal });
  }

  async function run() {
    start.disabled = true;
    again.hidden = true;
    playback?.forget();
    playback = null;
    try {
      playback = new Playback(await record(microphone.track, count, signal));
      if (signal.aborted) return playback.forget();
      await play();
    } catch {
      setText(words, t("echoFailed"));
    }
    start.disabled = microphone.lostReason !== null;
    setText(start, t("echoAgain"));
  }

  /** @param {number} left */
  function count(left) {
    setText(words, left > 0 ? t("echoSpeak", { left }) : "");
  }

  async function play() {
    if (!playback) return;
    again.disabled = true;
    setText(words, t("echoPlaying"));
    const isHeard = await playback.play();
    setText(words, t(isHeard ? "echoDone" : "echoTap"));
    again.disabled = false;
    again.hidden = false;
  }

  signal.addEventListener("abort", () => playback?.forget());
  return element;
}
