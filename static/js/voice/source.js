/** The microphone that a person reads into: the one that is open, or one for this reading only. */

import { openMicrophone } from "../microphone/microphone.js";
import { Reading } from "./reading.js";

/** @typedef {import("../microphone/microphone.js").Microphone} Microphone */

/**
 * Call it in a tap's handler.
 *
 * @param {Microphone | null} microphone
 * @param {import("../microphone/open.js").Kind} kind How another one is opened.
 * @returns {Promise<Reading>}
 * @throws {import("../microphone/problem.js").MicrophoneProblem}
 */
export async function readInto(microphone, kind) {
  if (microphone && !microphone.lostReason) return new Reading(microphone.track);
  const opened = await openMicrophone(kind);
  const reading = new Reading(opened.track);
  // The reading has a track of its own; this one is let go with it.
  reading.samples.finally(() => opened.close()).catch(() => undefined);
  return reading;
}
