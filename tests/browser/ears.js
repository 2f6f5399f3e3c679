/** What a page plays of the others: how loud, at which pitch. */

/** Longer than the longest pause between pulses, so that each is met. */
const LISTEN_MS = 1600;
/** What an analyser says about nothing at all. */
export const SILENCE_DB = -150;

/**
 * @param {import("./person.js").Person} person
 * @param {readonly number[]} pitches_hz
 * @returns {Promise<number[]>} The loudest of each within some seconds, in dB of full scale.
 */
export function heardAt({ page }, pitches_hz) {
  return page.evaluate(listenFor, [...pitches_hz], LISTEN_MS, SILENCE_DB);
}

/** @param {import("./person.js").Person} person @returns {Promise<boolean>} Out loud, that is. */
export function plays({ page }) {
  return page.evaluate(() => {
    const element = document.querySelector("audio");
    return element !== null && element.srcObject !== null && !element.paused && !element.muted;
  });
}

/**
 * Runs inside a page; must not use anything from outside.
 *
 * @param {number[]} pitches_hz
 * @param {number} listen_ms
 * @param {number} silence_db
 */
async function listenFor(pitches_hz, listen_ms, silence_db) {
  const levels = pitches_hz.map(() => silence_db);
  const stream = document.querySelector("audio")?.srcObject;
  // Between two connections there is nothing to hear.
  if (!(stream instanceof MediaStream) || !stream.active) return levels;
  const context = new AudioContext({ sampleRate: 48_000 });
  try {
    const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
    context.createMediaStreamSource(stream).connect(analyser);
    const spectrum = new Float32Array(analyser.frequencyBinCount);
    const bin_hz = context.sampleRate / analyser.fftSize;
    const end = performance.now() + listen_ms;
    while (performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 40));
      analyser.getFloatFrequencyData(spectrum);
      pitches_hz.forEach((hz, i) => {
        const middle = Math.round(hz / bin_hz);
        const band = spectrum.subarray(middle - 4, middle + 5);
        levels[i] = Math.max(levels[i] ?? silence_db, ...band);
      });
    }
  } finally {
    await context.close();
  }
  return levels;
}
