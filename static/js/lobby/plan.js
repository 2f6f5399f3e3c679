/** What the lobby has to ask of a person. Pure. */

/**
 * @typedef {import("../room/scene.js").Join} Join
 *
 * @typedef {object} Plan
 * @property {"ask" | "given" | "external" | "room" | null} consent `room`: the operator confirms
 *   everybody's; null: nothing of this person is recorded.
 * @property {"own" | "room" | null} microphone Null: this device's is not used.
 * @property {"heardByRoom" | "notHeard" | null} place What a seat without a microphone is told.
 */

/**
 * @param {Pick<Join, "role" | "seat" | "microphone" | "consent" | "seats">} join
 * @returns {Plan}
 */
export function planOf(join) {
  const microphone = join.microphone === "none" ? null : join.microphone;
  const seat = join.seats.find((candidate) => candidate.seat === join.seat);
  return {
    consent: consentOf(join, microphone),
    microphone,
    place: microphone || !seat ? null : seat.microphone === "room" ? "heardByRoom" : "notHeard",
  };
}

/**
 * @param {Plan} plan
 * @param {Pick<Join, "listens">} join
 * @returns {import("../microphone/open.js").Kind | null} How the microphone is opened; null: not.
 */
export function kindOf({ microphone }, { listens }) {
  return microphone === "room" && listens ? "aloud" : microphone;
}

/**
 * A seat that the room's microphone hears is sent nobody's voice in any interview: from there it
 * cannot be told.
 *
 * @param {Pick<Join, "listens" | "seat" | "seats">} join
 * @returns {boolean} Whether nobody is sent the others' voices, because people sit together.
 */
export function isTogether({ listens, seat, seats }) {
  const own = seats.find((candidate) => candidate.seat === seat);
  return listens === false && own?.microphone !== "room";
}

/**
 * @param {Pick<Join, "seat" | "consent">} join
 * @param {Plan["microphone"]} microphone
 * @returns {Plan["consent"]}
 */
function consentOf({ seat, consent }, microphone) {
  if (consent === "external") return "external";
  if (microphone === "room") return "room";
  if (seat === null) return null;
  return consent === "required" ? "ask" : "given";
}
