/** This person's microphone in the room: muted or not, lost or back. */

/**
 * @typedef {import("./scene.js").Own} Own
 * @typedef {import("./scene.js").Microphone} Microphone
 * @typedef {import("../connection/connection.js").Connection} Connection
 */

/** Dispatches `change`. Mutes here first: nothing leaves the browser while the server is asked. */
export class OwnSound extends EventTarget {
  /** @type {Own} */
  state;
  #connection;
  #microphone;

  /**
   * @param {Microphone | null} microphone
   * @param {Connection} connection
   * @param {(track: MediaStreamTrack | null) => void} replaceTrack
   */
  constructor(microphone, connection, replaceTrack) {
    super();
    this.#microphone = microphone;
    this.#connection = connection;
    this.state = {
      hasMicrophone: microphone !== null,
      isMuted: false,
      lost: null,
      hasWithdrawn: false,
    };
    microphone?.addEventListener("trackchange", () => {
      replaceTrack(microphone.track);
      microphone.setMuted(this.state.isMuted);
      this.#become({ lost: null });
    });
    microphone?.addEventListener("lost", (event) => {
      this.#become({ lost: /** @type {CustomEvent} */ (event).detail?.reason ?? "unplugged" });
    });
    microphone?.addEventListener("back", () => this.#become({ lost: null }));
    // A new connection starts unmuted at the server; here nothing was heard in between.
    connection.addEventListener("connected", () => {
      if (this.state.isMuted) this.#tellServer();
    });
  }

  /** @returns {MediaStreamTrack | null} What the next connection sends. */
  get track() {
    return this.state.hasWithdrawn ? null : (this.#microphone?.track ?? null);
  }

  toggleMute() {
    if (!this.#microphone || this.state.hasWithdrawn) return;
    this.#microphone.setMuted(!this.state.isMuted);
    this.#become({ isMuted: !this.state.isMuted });
    this.#tellServer();
  }

  /** Consent is withdrawn: the device is let go. */
  withdraw() {
    this.#microphone?.close();
    this.#become({ hasWithdrawn: true });
  }

  close() {
    this.#microphone?.close();
  }

  #tellServer() {
    if (this.#connection.door !== "peer") return;
    const command = { type: "mute", is_muted: this.state.isMuted };
    // Refused or lost: the browser's own muting holds, and the next connection tells again.
    this.#connection.command(command, { isKept: false }).catch(() => undefined);
  }

  /** @param {Partial<Own>} change */
  #become(change) {
    this.state = { ...this.state, ...change };
    this.dispatchEvent(new CustomEvent("change"));
  }
}
