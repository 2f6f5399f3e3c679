/** One microphone for as long as the page needs it, whatever happens to the device meanwhile. */

import { HEALTHY, isCurrent, step } from "./health.js";
import { browserMedia } from "./media.js";
import { openTrack } from "./open.js";
import { MicrophoneProblem, problemOf } from "./problem.js";

/**
 * Opens a microphone. Call it in a tap's handler.
 *
 * @param {import("./open.js").Kind} kind
 * @param {import("./media.js").Media} [media] Made here when left out.
 * @returns {Promise<Microphone>}
 * @throws {MicrophoneProblem}
 */
export async function openMicrophone(kind, media = browserMedia()) {
  const level = media.level(); // Before the first await: still in the tap.
  try {
    return new Microphone(kind, media, level, await openTrack(media, kind, media.choice.get()));
  } catch (error) {
    level.close();
    throw error;
  }
}

/**
 * Fires `trackchange` (`track` is another one now), `lost` (detail.reason), `back`, `devicechange`
 * (the choice of devices is another one) and `closed`.
 */
export class Microphone extends EventTarget {
  #health = HEALTHY;
  #isMuted = false;
  #lifetime = new AbortController();
  #trackLifetime = new AbortController();
  /** @type {string | null} */
  #wanted;
  /** @type {PromiseLike<void>} */
  #reopened = Promise.resolve();
  #kind;
  #media;
  #level;
  #track;

  /**
   * @param {import("./open.js").Kind} kind
   * @param {import("./media.js").Media} media
   * @param {import("./media.js").LevelSource} level
   * @param {MediaStreamTrack} track
   */
  constructor(kind, media, level, track) {
    super();
    this.#kind = kind;
    this.#media = media;
    this.#level = level;
    this.#track = track;
    this.#wanted = media.choice.get();
    this.#watch();
    this.#follow(track);
  }

  /** The track in use; of a lost microphone the last one. */
  get track() {
    return this.#track;
  }

  /** 0..1, now. */
  get level() {
    return this.#level.value;
  }

  get deviceId() {
    return this.#track.getSettings().deviceId ?? "";
  }

  get isMuted() {
    return this.#isMuted;
  }

  /** Why nothing is heard; null: it works. */
  get lostReason() {
    return this.#health.reason;
  }

  /** @returns {Promise<MediaDeviceInfo[]>} The microphones there are. */
  async devices() {
    return (await this.#media.list()).filter((device) => device.kind === "audioinput");
  }

  /** @param {string} deviceId @throws {MicrophoneProblem} When another device had to do. */
  async choose(deviceId) {
    this.#wanted = deviceId;
    this.#happen({ type: "choose" });
    await this.#reopened;
    if (this.deviceId !== deviceId) throw new MicrophoneProblem("busy");
    this.#media.choice.set(deviceId);
  }

  /** Tries a lost microphone again; in a tap's handler. */
  async retry() {
    this.#level.resume();
    this.#happen({ type: "retry" });
    await this.#reopened;
  }

  /** @param {boolean} isMuted */
  setMuted(isMuted) {
    this.#isMuted = isMuted;
    this.#track.enabled = !isMuted;
  }

  close() {
    if (this.#health.phase === "closed") return;
    this.#happen({ type: "close" });
    this.#lifetime.abort();
    this.#release();
    this.#level.close();
    this.dispatchEvent(new CustomEvent("closed"));
  }

  /** @param {import("./health.js").Happening} happening */
  #happen(happening) {
    const before = this.#health;
    this.#health = step(before, happening);
    const { phase, reason, attempt } = this.#health;
    if (reason && reason !== before.reason) {
      this.dispatchEvent(new CustomEvent("lost", { detail: { reason } }));
    }
    if (before.reason && !reason) this.dispatchEvent(new CustomEvent("back"));
    if (phase === "reopening" && attempt !== before.attempt) this.#reopened = this.#reopen(attempt);
  }

  /** @param {number} attempt */
  async #reopen(attempt) {
    // Stopped first: iOS silences an older capture, and Firefox on Android opens one at a time.
    this.#release();
    try {
      const track = await openTrack(this.#media, this.#kind, this.#wanted);
      if (!isCurrent(this.#health, attempt)) return track.stop();
      this.#follow(track);
      this.dispatchEvent(new CustomEvent("trackchange"));
      this.#happen({ type: "opened", attempt });
      this.#checkSound();
    } catch (error) {
      this.#happen({ type: "failed", attempt, problem: problemOf(error) });
    }
  }

  /** @param {MediaStreamTrack} track */
  #follow(track) {
    this.#track = track;
    track.enabled = !this.#isMuted;
    this.#level.follow(track);
    this.#trackLifetime = new AbortController();
    const { signal } = this.#trackLifetime;
    track.addEventListener("ended", () => this.#happen({ type: "ended" }), { signal });
    // "Muted" by the system, which is a call or a locked microphone, not by the person.
    track.addEventListener("mute", () => this.#checkSound(), { signal });
    track.addEventListener("unmute", () => this.#checkSound(), { signal });
  }

  #release() {
    this.#trackLifetime.abort();
    this.#track.stop();
  }

  #checkSound() {
    if (this.#track.readyState !== "live") return;
    const isInterrupted = this.#track.muted || this.#level.isInterrupted;
    this.#happen({ type: isInterrupted ? "interrupted" : "resumed" });
  }

  #watch() {
    const { signal } = this.#lifetime;
    const { devices, page } = this.#media;
    this.#level.addEventListener("statechange", () => this.#checkSound(), { signal });
    devices.addEventListener("devicechange", () => {
      this.dispatchEvent(new CustomEvent("devicechange"));
      this.#happen({ type: "devices" });
    }, { signal });
    page.addEventListener("visibilitychange", () => {
      if (page.visibilityState !== "visible") return;
      this.#level.resume();
      this.#happen({ type: "visible" });
    }, { signal });
    this.#media.permission().then((permission) => {
      if (signal.aborted) return;
      permission?.addEventListener("change", () => {
        if (permission.state === "denied") this.#happen({ type: "denied" });
        if (permission.state === "granted") this.#happen({ type: "granted" });
      }, { signal });
    });
  }
}
