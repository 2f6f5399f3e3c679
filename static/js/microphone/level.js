/** How loud a track is now. */

import { loudness } from "./loudness.js";

/** About 21 ms at 48 kHz. */
const WINDOW = 1024;

/** Make it in a tap's handler: elsewhere phones leave its audio context suspended. */
export class Level extends EventTarget {
  #samples = new Float32Array(WINDOW);
  /** @type {MediaStreamAudioSourceNode | null} */
  #source = null;
  #context = this.#newContext();
  #analyser = this.#newAnalyser();

  /** 0..1 */
  get value() {
    if (this.#context.state !== "running") return 0;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return loudness(this.#samples);
  }

  /** Whether the system took the sound away, as iOS does for a call. */
  get isInterrupted() {
    return /** @type {string} */ (this.#context.state) === "interrupted";
  }

  /** @param {MediaStreamTrack} track */
  follow(track) {
    this.#source?.disconnect();
    try {
      this.#connect(track);
    } catch {
      // Firefox joins no track to a context of another sample rate, as after a change of headset.
      this.close();
      this.#context = this.#newContext();
      this.#analyser = this.#newAnalyser();
      this.#connect(track);
    }
  }

  resume() {
    // A refusal means that there was no tap yet or that a call goes on; the next tap tries again.
    if (this.#context.state !== "closed") this.#context.resume().catch(() => {});
  }

  close() {
    this.#source?.disconnect();
    this.#source = null;
    if (this.#context.state !== "closed") this.#context.close().catch(() => {});
  }

  /** @param {MediaStreamTrack} track */
  #connect(track) {
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#analyser);
  }

  #newContext() {
    const context = new AudioContext({ latencyHint: "interactive" });
    context.addEventListener("statechange", () => {
      if (context === this.#context) this.dispatchEvent(new Event("statechange"));
    });
    context.resume().catch(() => {});
    return context;
  }

  #newAnalyser() {
    const analyser = this.#context.createAnalyser();
    analyser.fftSize = WINDOW;
    return analyser;
  }
}
