/** Which form a short recording takes in this browser. Pure. */

/** Best first. Safari before 18.4 records MP4 only, Firefox Ogg and WebM. */
const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];

/**
 * @param {{isTypeSupported(type: string): boolean} | undefined} recorder `MediaRecorder`, which
 *   some browsers lack.
 * @returns {string | null} A type it records; empty: its own choice; null: it records nothing.
 */
export function recordingType(recorder) {
  if (!recorder) return null;
  return TYPES.find((type) => recorder.isTypeSupported(type)) ?? "";
}
