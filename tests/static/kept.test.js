/** What a page keeps of its microphone: brought to 16 kHz, timed, and bounded. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Downsampler } from "../../static/js/microphone/downsampler.js";
import { Ring } from "../../static/js/microphone/ring.js";

const RATES_HZ = [16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000];

/** @param {number} rate_hz @param {number} tone_hz @param {number} [s] */
function tone(rate_hz, tone_hz, s = 0.5) {
  return Float32Array.from({ length: rate_hz * s }, (_, i) =>
    0.5 * Math.sin((2 * Math.PI * tone_hz * i) / rate_hz),
  );
}

/** @param {number} rate_hz @param {Float32Array} samples @param {number} [piece] */
function brought(rate_hz, samples, piece = 128) {
  const downsampler = new Downsampler(rate_hz);
  /** @type {number[]} */
  const out = [];
  for (let at = 0; at < samples.length; at += piece) {
    downsampler.push(samples.subarray(at, at + piece), (sample) => void out.push(sample));
  }
  return out;
}

/** How loud it is against the tone that went in, once settled. @param {number[]} out */
function gainDb(out) {
  const settled = out.slice(400);
  const power = settled.reduce((sum, sample) => sum + (sample / 32768) ** 2, 0) / settled.length;
  return 10 * Math.log10(power / 0.125 + 1e-12);
}

for (const rate_hz of RATES_HZ) {
  test(`speech at ${rate_hz} Hz passes unchanged`, () => {
    for (const tone_hz of [100, 1000, 3000, 6500, 7000]) {
      const db = gainDb(brought(rate_hz, tone(rate_hz, tone_hz)));
      assert.ok(Math.abs(db) < 0.1, `${tone_hz} Hz: ${db.toFixed(2)} dB`);
    }
  });

  test(`half a second at ${rate_hz} Hz is 8000 samples`, () => {
    assert.equal(brought(rate_hz, tone(rate_hz, 440)).length, 8000);
  });
}

for (const rate_hz of RATES_HZ.filter((rate_hz) => rate_hz > 16_000)) {
  test(`what 16 kHz cannot hold does not fold into speech from ${rate_hz} Hz`, () => {
    const high_hz = [8100, 9000, 10_500, 15_000, 15_900, 21_000, 47_000];
    for (const tone_hz of high_hz.filter((tone_hz) => tone_hz < rate_hz / 2)) {
      const db = gainDb(brought(rate_hz, tone(rate_hz, tone_hz)));
      assert.ok(db < -60, `${tone_hz} Hz: ${db.toFixed(1)} dB`);
    }
  });
}

test("a narrow microphone brings nothing that it has not heard", () => {
  assert.ok(Math.abs(gainDb(brought(8000, tone(8000, 1000)))) < 0.1);
  // The image of 3 kHz would lie at 5 kHz.
  const out = brought(8000, tone(8000, 3000)).slice(400, 4400);
  const parts = [0, 0];
  for (const [i, sample] of out.entries()) {
    parts[0] = (parts[0] ?? 0) + (sample / 32768) * Math.cos((2 * Math.PI * 5000 * i) / 16_000);
    parts[1] = (parts[1] ?? 0) + (sample / 32768) * Math.sin((2 * Math.PI * 5000 * i) / 16_000);
  }
  const image = (2 * Math.hypot(parts[0] ?? 0, parts[1] ?? 0)) / out.length;
  assert.ok(image < 0.5 * 0.001, `${image}`);
});

test("pieces of any length make the same sound", () => {
  const sound = tone(44_100, 1234);
  assert.deepEqual(brought(44_100, sound, 37), brought(44_100, sound, 4096));
});

test("what is too loud is cut off, not turned around", () => {
  const out = brought(48_000, new Float32Array(4800).fill(1.5));
  assert.equal(Math.max(...out), 32_767);
  assert.ok(Math.min(...out) > -3300);
});

const PIECE_MS = 128;
const PIECE = 2048;

/** A microphone whose samples count themselves, so that it shows which of them are there. */
class Source {
  count = 0;
  ring;
  /** @param {number} [kept_s] */
  constructor(kept_s) {
    this.ring = new Ring(kept_s);
  }

  /**
   * @param {number} pieces
   * @param {number} end_ms Of the last.
   * @param {(i: number) => number} [late_ms]
   */
  speak(pieces, end_ms, late_ms = () => 0) {
    for (let i = 0; i < pieces; i += 1) {
      const samples = Int16Array.from({ length: PIECE }, (_, k) => (this.count + k) % 30_000);
      this.count += PIECE;
      this.ring.push(samples, end_ms - (pieces - 1 - i) * PIECE_MS + late_ms(i));
    }
  }
}

/** @param {import("../../static/js/microphone/ring.js").Run} run */
const end_ms = ({ start_ms, samples }) => start_ms + samples.length / 16;

test("a time is cut out to the sample", () => {
  const source = new Source();
  source.speak(80, 80 * PIECE_MS); // From 0.
  const [run, ...more] = source.ring.cut(1000, 3000);
  assert.deepEqual(more, []);
  assert.equal(run?.start_ms, 1000);
  assert.equal(run?.samples.length, 32_000);
  assert.equal(run?.samples[0], 16_000);
  assert.equal(run?.samples.at(-1), (48_000 - 1) % 30_000);
});

test("no more is kept than 45 seconds, and the newest of it", () => {
  const source = new Source();
  source.speak(1000, 128_000);
  const [run] = source.ring.cut(0, 1e9);
  assert.ok(run);
  assert.equal(end_ms(run), 128_000);
  assert.ok(run.samples.length <= 45 * 16_000 && run.samples.length > 44.8 * 16_000);
  assert.equal(run.samples.at(-1), (source.count - 1) % 30_000);
  assert.equal(run.samples[0], (source.count - run.samples.length) % 30_000);
  assert.equal(source.ring.end_ms, 128_000);
});

test("pieces that come late, in bursts, were spoken when they were spoken", () => {
  const source = new Source();
  source.speak(40, 40 * PIECE_MS, (i) => (i % 4 === 0 ? 0 : 90));
  const runs = source.ring.cut(1000, 2000);
  assert.equal(runs.length, 1);
  assert.ok(Math.abs((runs[0]?.start_ms ?? 0) - 1000) < 1);
  assert.equal(runs[0]?.samples[0], 16_000);
});

test("a suspended page has its sound in two runs, each at its own time", () => {
  const source = new Source();
  source.speak(40, 40 * PIECE_MS);
  const woke_ms = 60_000;
  source.speak(40, woke_ms + 40 * PIECE_MS);
  const runs = source.ring.cut(0, 1e9);
  assert.equal(runs.length, 2);
  assert.equal(runs[0] && end_ms(runs[0]), 40 * PIECE_MS);
  assert.equal(runs[1]?.start_ms, woke_ms);
  assert.equal(runs[1]?.samples[0], (40 * PIECE) % 30_000);
});

test("an audio thread that stalled and caught up has lost nothing", () => {
  const source = new Source();
  source.speak(40, 40 * PIECE_MS);
  source.speak(40, 80 * PIECE_MS, (i) => (i < 4 ? 400 - i * 100 : 0));
  const runs = source.ring.cut(1000, 9000);
  assert.equal(runs.length, 1);
  assert.equal(runs[0]?.samples.length, 128_000);
});

test("clocks that drift apart are followed", () => {
  const source = new Source();
  // 500 parts in a million, for five minutes.
  source.speak(2400, 2400 * PIECE_MS, (i) => i * 0.064);
  const [run] = source.ring.cut(290_000, 300_000);
  const spoken = (run?.start_ms ?? 0) / 1.0005;
  assert.ok(Math.abs((run?.samples[0] ?? 0) - ((Math.round(spoken * 16)) % 30_000)) < 16 * 2);
});

test("another device begins another run even where no time is missing", () => {
  const source = new Source();
  source.speak(10, 10 * PIECE_MS);
  source.ring.breakOff();
  source.speak(10, 20 * PIECE_MS + 100);
  assert.equal(source.ring.cut(0, 1e9).length, 2);
});

test("what is forgotten is handed out no more", () => {
  const source = new Source(1);
  source.speak(7, 7 * PIECE_MS);
  source.ring.clear();
  assert.equal(source.ring.end_ms, null);
  assert.deepEqual(source.ring.cut(0, 1e9), []);
  source.speak(1, 5000);
  const [run] = source.ring.cut(0, 1e9);
  assert.equal(run?.samples.length, PIECE);
  assert.equal(run?.samples[0], (7 * PIECE) % 30_000);
});
