/** Voices that are told apart by their pitch: a tone that comes and goes, as a WAV file. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";

const RATE_HZ = 48_000;
/** Coming and going, so that nothing takes it for noise; smooth, so that it stays in its band. */
const PULSE_S = 0.5;
const RAMP_S = 0.02;
const LOUDNESS = 0.3;
const PULSES = 4;
const HEADER_BYTES = 44;

/**
 * @param {string} folder
 * @param {number} hz
 * @param {number} every_s From one pulse to the next.
 * @returns {import("./stage.js").Voice}
 */
export function pulses(folder, hz, every_s) {
  const file = join(folder, `tone ${hz}.wav`);
  const sound = new Int16Array(Math.round(PULSES * every_s * RATE_HZ));
  for (let i = 0; i < sound.length; i += 1) {
    const since_s = (i / RATE_HZ) % every_s;
    const edge_s = Math.min(since_s, PULSE_S - since_s);
    const ramp = edge_s > 0 ? Math.sin((Math.PI / 2) * Math.min(1, edge_s / RAMP_S)) ** 2 : 0;
    sound[i] = 32_767 * LOUDNESS * ramp * Math.sin((2 * Math.PI * hz * i) / RATE_HZ);
  }
  writeFileSync(file, wav(sound));
  return { file, texts: [], every_s, pause_s: every_s - PULSE_S };
}

/** @param {Int16Array} sound Mono. @returns {Buffer} */
function wav(sound) {
  const data = Buffer.from(sound.buffer);
  const header = Buffer.alloc(HEADER_BYTES);
  header.write("RIFF", 0);
  header.writeUInt32LE(HEADER_BYTES - 8 + data.length, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(RATE_HZ, 24);
  header.writeUInt32LE(2 * RATE_HZ, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(data.length, 40);
  return Buffer.concat([header, data]);
}
