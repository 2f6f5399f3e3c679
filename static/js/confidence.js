/** How sure the recognition has to be of a line before nobody is asked to check it. */

/** Of `text_confidence`; below it the words get a dotted line. */
export const LOW_CONFIDENCE = 0.6;

/** Of `voice_confidence`: of ten names said with so much, one may be wrong. */
const SURE_OF_VOICE = 0.9;

/** @typedef {"sure" | "likely" | "unknown"} Sureness How sure it is who speaks, in a word. */

/**
 * @param {number} voiceConfidence
 * @param {boolean} isKnown Whether the voice has a seat.
 * @returns {Sureness}
 */
export function sureness(voiceConfidence, isKnown) {
  if (!isKnown) return "unknown";
  return voiceConfidence >= SURE_OF_VOICE ? "sure" : "likely";
}
