/**
 * Hands a microphone's sound on as pieces of 128 ms at 16 kHz. Runs in the audio thread, as a
 * module of its own; `keeper.js` listens at its port.
 */

import { Downsampler } from "./downsampler.js";

const PIECE = 2048;

/**
 * @typedef {{port: MessagePort}} Processor
 * @typedef {{sampleRate: number, AudioWorkletProcessor: new () => Processor,
 *   registerProcessor: (name: string, processor: new () => Processor) => void}} Scope
 */

// TypeScript does not know the audio thread's globals.
const scope = /** @type {Scope} */ (/** @type {unknown} */ (globalThis));

/** Posts `{samples, at}`; `at`: `Date.now()` here, at their end, whatever the page is doing. */
class Ring extends scope.AudioWorkletProcessor {
  #downsampler = new Downsampler(Math.round(scope.sampleRate));
  #piece = new Int16Array(PIECE);
  #count = 0;
  #take = (/** @type {number} */ sample) => {
    this.#piece[this.#count] = sample;
    this.#count += 1;
    if (this.#count === PIECE) this.#post();
  };

  /** @param {Float32Array[][]} inputs @returns {boolean} */
  process(inputs) {
    const samples = inputs[0]?.[0];
    if (samples) this.#downsampler.push(samples, this.#take);
    // No input: what comes after it is no continuation of what came before.
    else if (this.#count > 0) this.#post();
    return true;
  }

  #post() {
    const samples = this.#piece.slice(0, this.#count);
    this.#count = 0;
    this.port.postMessage({ samples, at: Date.now() }, [samples.buffer]);
  }
}

scope.registerProcessor("ring", Ring);
