/** How times are written. */

import { language } from "./texts.js";

/** @param {number} seconds @returns {string} `03:07`, from an hour on `1:03:07`. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

/** @param {number} wall Unix seconds. */
export function dateAndTime(wall) {
  return new Date(wall * 1000).toLocaleString(language() === "ko" ? "ko-KR" : "en-GB", {
    dateStyle: "medium",
    timeStyle: "short",
  });
}
