/** Opens a track of the device that a person wants, or of the default one. */

import { MicrophoneProblem, problemOf } from "./problem.js";

/**
 * @typedef {"own" | "room" | "aloud"} Kind Whose voices the microphone carries; `aloud`: everybody's
 *   in a room, and its device plays the voices of those who are elsewhere.
 */

/**
 * An own microphone cancels the echo of the device's speaker and nothing else: noise suppression
 * and automatic gain cut quiet syllables off. A room microphone hears everybody, untouched, unless
 * its own device speaks in the room.
 *
 * @param {Kind} kind
 * @param {string | null} deviceId
 * @returns {MediaStreamConstraints}
 */
export function constraintsOf(kind, deviceId) {
  return {
    audio: {
      echoCancellation: kind !== "room",
      noiseSuppression: false,
      autoGainControl: false,
      channelCount: 1,
      ...(deviceId ? { deviceId: { exact: deviceId } } : {}),
    },
  };
}

/**
 * @param {import("./media.js").Media} media
 * @param {Kind} kind
 * @param {string | null} wanted A device; when it is gone or busy, the default one is opened.
 * @returns {Promise<MediaStreamTrack>}
 * @throws {MicrophoneProblem}
 */
export async function openTrack(media, kind, wanted) {
  for (const deviceId of wanted ? [wanted, null] : [null]) {
    try {
      const stream = await media.open(constraintsOf(kind, deviceId));
      const [track] = stream.getAudioTracks();
      if (!track) throw new MicrophoneProblem("none");
      return track;
    } catch (error) {
      const problem = problemOf(error);
      if (deviceId === null || !["none", "busy"].includes(problem)) {
        throw new MicrophoneProblem(problem, error);
      }
    }
  }
  throw new MicrophoneProblem("none");
}
