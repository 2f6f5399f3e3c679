/** Shows how loud the microphone is, as a bar and in words. */

import { h, setText } from "../dom.js";
import { t } from "../texts/lobby.js";
import { hear, NOTHING_HEARD, verdict } from "./loudness.js";

/** 20 times a second looks alive and costs a phone little. */
const PERIOD_MS = 50;

/**
 * It lives from when it is put into the page until it is taken out.
 *
 * @param {{readonly level: number, readonly isMuted: boolean}} microphone
 * @returns {HTMLElement}
 */
export function meter(microphone) {
  const fill = h("span", { class: "meter-level" });
  const words = h("span", { class: "meter-words" });
  const gauge = h(
    "span",
    { class: "meter-bar", role: "meter", "aria-valuemin": 0, "aria-valuemax": 100 },
    fill,
  );
  const element = h("div", { class: "meter" }, gauge, words);
  let hearing = NOTHING_HEARD;
  let shown_ms = -Infinity;
  let started_ms = 0;

  /** @param {number} now_ms */
  function show(now_ms) {
    const level = microphone.level;
    hearing = hear(hearing, level, now_ms);
    const said = verdict(hearing, now_ms);
    // Somebody who has not spoken yet is invited, not warned.
    const isYoung = said === "silent" && now_ms - started_ms < 5000;
    fill.style.transform = `scaleX(${level.toFixed(2)})`;
    element.dataset.verdict = said;
    setText(words, t(microphone.isMuted ? "muted" : isYoung ? "speakUp" : said));
    if (gauge.getAttribute("aria-valuetext") !== words.textContent) {
      gauge.setAttribute("aria-label", t("level"));
      gauge.setAttribute("aria-valuetext", words.textContent);
      gauge.setAttribute("aria-valuenow", String(Math.round(level * 100)));
    }
  }

  /** @param {number} now_ms */
  function tick(now_ms) {
    if (!element.isConnected) return;
    if (now_ms - shown_ms >= PERIOD_MS) {
      shown_ms = now_ms;
      show(now_ms);
    }
    requestAnimationFrame(tick);
  }

  requestAnimationFrame((now_ms) => {
    started_ms = now_ms;
    tick(now_ms);
  });
  return element;
}
