/** Any device's sample rate to 16 kHz, as a low-pass that is read at the wanted places. Pure. */

export const RATE_HZ = 16_000;

/** Of the lower of both rates: what lies below is kept (7 kHz of 16), from `STOP` on nothing is. */
const PASS = 0.4375;
const STOP = 0.5;
/** What would fold back into the band is so much weaker. */
const REJECTION_DB = 70;

/**
 * Turns float samples of one rate into 16-bit samples of 16 kHz, piece by piece without seams.
 *
 * A polyphase windowed sinc: `#phases` filters, one for every place between two input samples at
 * which an output sample can lie. 48 kHz takes one of 207 taps, 44.1 kHz 160 of 191.
 */
export class Downsampler {
  #phases;
  #step;
  #taps;
  #filters;
  /** @type {Float32Array} What was heard last, twice: any window of it lies in one piece. */
  #heard;
  #at = 0;
  /** Input samples until the next output's window is full, and its phase. */
  #due;
  #phase = 0;

  /** @param {number} rate_hz Of the input, a whole number. */
  constructor(rate_hz) {
    const common = divisor(rate_hz, RATE_HZ);
    this.#phases = RATE_HZ / common;
    this.#step = rate_hz / common;
    const lower_hz = Math.min(rate_hz, RATE_HZ);
    const transition = ((STOP - PASS) * lower_hz) / rate_hz;
    // Kaiser's estimate of the length (Oppenheim and Schafer, section 7.5.3). Half of it is by how
    // much the output lags: 2 ms.
    this.#taps = Math.ceil((REJECTION_DB - 8) / (2.285 * 2 * Math.PI * transition)) | 1;
    this.#filters = filters(this.#phases, this.#taps, (((PASS + STOP) / 2) * lower_hz) / rate_hz);
    this.#heard = new Float32Array(2 * this.#taps);
    this.#due = 1;
  }

  /**
   * @param {Float32Array} samples -1..1
   * @param {(sample: number) => void} take Told every 16-bit sample.
   */
  push(samples, take) {
    const { length } = samples;
    for (let i = 0; i < length; i += 1) {
      const sample = samples[i] ?? 0;
      this.#heard[this.#at] = sample;
      this.#heard[this.#at + this.#taps] = sample;
      this.#at = (this.#at + 1) % this.#taps;
      this.#due -= 1;
      while (this.#due <= 0) {
        take(this.#next());
        const position = this.#phase + this.#step;
        this.#due += Math.floor(position / this.#phases);
        this.#phase = position % this.#phases;
      }
    }
  }

  /** @returns {number} The sample at the place of the moment, -32768..32767. */
  #next() {
    const taps = this.#taps;
    const heard = this.#heard;
    const filters = this.#filters;
    const at = this.#at;
    const offset = this.#phase * taps;
    let sum = 0;
    for (let k = 0; k < taps; k += 1) sum += (heard[at + k] ?? 0) * (filters[offset + k] ?? 0);
    return Math.max(-32768, Math.min(32767, Math.round(sum * 32768)));
  }
}

/**
 * Windowed sincs, one per phase, each passing a constant unchanged.
 *
 * @param {number} phases
 * @param {number} taps
 * @param {number} cutoff Of the input rate.
 * @returns {Float32Array}
 */
function filters(phases, taps, cutoff) {
  const table = new Float32Array(phases * taps);
  const middle = (taps - 1) / 2;
  // Kaiser's window for more than 50 dB (same place).
  const beta = 0.1102 * (REJECTION_DB - 8.7);
  for (let phase = 0; phase < phases; phase += 1) {
    let sum = 0;
    for (let k = 0; k < taps; k += 1) {
      const x = k - middle - phase / phases;
      const edge = x / (middle + 1);
      const window = Math.abs(edge) < 1 ? bessel(beta * Math.sqrt(1 - edge * edge)) : 0;
      const value = window * sinc(2 * cutoff * x);
      table[phase * taps + k] = value;
      sum += value;
    }
    for (let k = 0; k < taps; k += 1) table[phase * taps + k] = (table[phase * taps + k] ?? 0) / sum;
  }
  return table;
}

/** @param {number} x */
const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** @param {number} x @returns {number} The modified Bessel function of the first kind, order 0. */
function bessel(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-9; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/** @param {number} a @param {number} b @returns {number} The greatest common one. */
function divisor(a, b) {
  return b === 0 ? a : divisor(b, a % b);
}
