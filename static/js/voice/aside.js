/** Reading beside the interview. */

/** @typedef {Pick<import("../room/own.js").OwnSound, "state" | "toggleMute">} Own */

/**
 * What is read is no part of the interview: it would be written down, perhaps as somebody else's.
 *
 * @template {Pick<import("./enrolment.js").Reading, "samples">} R
 * @param {R} reading
 * @param {Own} own Muted until it is over.
 * @returns {R}
 */
export function aside(reading, own) {
  if (own.state.isMuted) return reading;
  own.toggleMute();
  const back = () => {
    if (own.state.isMuted) own.toggleMute();
  };
  if (own.state.isMuted) reading.samples.then(back, back);
  return reading;
}
