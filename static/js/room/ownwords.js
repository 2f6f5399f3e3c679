/** What an applicant is told about their own microphone. Pure. */

import { places } from "../state/looks.js";

/**
 * @typedef {import("./scene.js").Scene} Scene
 * @typedef {import("../texts/room.js").Key} Key
 * @typedef {{kind: "good" | "warn" | "bad" | "calm", words: Key}} OwnWords
 */

/** @type {Partial<Record<import("../state/looks.js").Sound, OwnWords>>} */
const BY_ROOM = {
  room: { kind: "good", words: "youRoom" },
  unconfirmed: { kind: "calm", words: "youRoomUnconfirmed" },
  roomless: { kind: "calm", words: "youRoomSoon" },
};

/** @param {Scene} scene @returns {OwnWords} */
export function ownWords(scene) {
  const { own, link, join, state, now_s } = scene;
  const place = places(state, now_s).find(({ seat }) => seat === join.seat);
  const isOpen = link.phase !== "connecting" && link.phase !== "waiting";
  if (state.life === "ending") return { kind: "calm", words: "youEnding" };
  if (state.seats.some(({ seat, microphone }) => seat === join.seat && microphone === "room")) {
    const told = place && isOpen ? BY_ROOM[place.sound] : undefined;
    return told ?? { kind: "calm", words: "youConnecting" };
  }
  if (!own.hasMicrophone) {
    return { kind: "calm", words: join.microphone === "none" ? "youNone" : "youWithout" };
  }
  if (!isOpen) return { kind: "warn", words: "youConnecting" };
  if (link.isSuspect) return { kind: "warn", words: "youChecking" };
  if (own.lost !== null || link.door !== "peer") return { kind: "bad", words: "youNotHeard" };
  if (own.isMuted) return { kind: "warn", words: "youMuted" };
  if (place?.sound === "silent") return { kind: "warn", words: "youSilent" };
  if (place?.sound === "lost") return { kind: "bad", words: "youNotHeard" };
  if (place?.sound === "open") return { kind: "good", words: "youHeard" };
  const isChecking = place?.sound === "checking" || place?.sound === "none";
  return isChecking
    ? { kind: "warn", words: "youChecking" }
    : { kind: "calm", words: "youConnecting" };
}
