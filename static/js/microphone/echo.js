/** Records a few seconds and plays them back, all inside the browser. */

import { recordingType } from "./recording.js";

export const ECHO_S = 3;

export const canRecord = () => recordingType(globalThis.MediaRecorder) !== null;

/**
 * @param {MediaStreamTrack} track
 * @param {(left_s: number) => void} count Told the seconds that are left.
 * @param {AbortSignal} signal
 * @returns {Promise<Blob>}
 */
export async function record(track, count, signal) {
  const mimeType = recordingType(globalThis.MediaRecorder);
  const recorder = new MediaRecorder(new MediaStream([track]), mimeType ? { mimeType } : {});
  /** @type {Blob[]} */
  const pieces = [];
  recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
  const stopped = new Promise((resolve, reject) => {
    recorder.addEventListener("stop", resolve);
    recorder.addEventListener("error", reject);
  });
  recorder.start();
  const over = countdown(count, signal).finally(() => {
    if (recorder.state !== "inactive") recorder.stop();
  });
  await Promise.all([over, stopped]);
  return new Blob(pieces, { type: recorder.mimeType });
}

/**
 * @param {(left_s: number) => void} count
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function countdown(count, signal) {
  return new Promise((resolve, reject) => {
    let left_s = ECHO_S;
    count(left_s);
    const timer = setInterval(() => {
      left_s -= 1;
      count(left_s);
      if (left_s === 0) done(resolve);
    }, 1000);
    const done = (/** @type {() => void} */ then) => {
      clearInterval(timer);
      signal.removeEventListener("abort", stop);
      then();
    };
    const stop = () => done(() => reject(signal.reason));
    signal.addEventListener("abort", stop);
  });
}

/** Plays what was recorded, as often as wanted, until it is forgotten. */
export class Playback {
  #audio = document.createElement("audio");
  #url;

  /** @param {Blob} recording */
  constructor(recording) {
    this.#url = URL.createObjectURL(recording);
    this.#audio.setAttribute("playsinline", "");
    this.#audio.src = this.#url;
  }

  /** @returns {Promise<boolean>} True when it has been heard; false: the browser wants a tap. */
  async play() {
    const ended = new Promise((resolve) => {
      for (const name of ["ended", "pause", "error"]) {
        this.#audio.addEventListener(name, resolve, { once: true });
      }
    });
    try {
      this.#audio.currentTime = 0;
      await this.#audio.play();
    } catch {
      return false;
    }
    await ended;
    return true;
  }

  forget() {
    this.#audio.pause();
    this.#audio.removeAttribute("src");
    URL.revokeObjectURL(this.#url);
  }
}
