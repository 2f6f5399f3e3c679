/** This person's microphone in the room: muted or not, lost or back, and sent again if need be. */

/**
 * @typedef {import("./scene.js").Own} Own
 * @typedef {import("./scene.js").Microphone} Microphone
 * @typedef {import("../connection/connection.js").Connection} Connection
 * @typedef {object} Keeping What this page keeps of its microphone, and how it comes to the server.
 * @property {Pick<import("../microphone/keeper.js").Keeper, "follow" | "setMuted" | "forget"
 *   | "close">} keeper
 * @property {import("../connection/backfill.js").Backfill} backfill
 */

/** Dispatches `change`. Mutes here first: nothing leaves the browser while the server is asked. */
export class OwnSound extends EventTarget {
  /** @type {Own} */
  state;
  #connection;
  #microphone;
  #keeping;
  #seat;

  /**
   * @param {Microphone | null} microphone
   * @param {Connection} connection
   * @param {Keeping | null} keeping
   * @param {string | null} seat
   */
  constructor(microphone, connection, keeping, seat) {
    super();
    this.#seat = seat;
    this.#microphone = microphone;
    this.#connection = connection;
    this.#keeping = keeping;
    this.state = {
      hasMicrophone: microphone !== null,
      isMuted: false,
      lost: null,
      hasWithdrawn: false,
      resending: "no",
    };
    microphone?.addEventListener("trackchange", () => {
      connection.replaceTrack(microphone.track);
      microphone.setMuted(this.state.isMuted);
      this.#keep();
      this.#become({ lost: null });
    });
    microphone?.addEventListener("lost", (event) => {
      this.#become({ lost: /** @type {CustomEvent} */ (event).detail?.reason ?? "unplugged" });
    });
    microphone?.addEventListener("back", () => this.#become({ lost: null }));
    // A new connection starts unmuted at the server; here nothing was heard in between.
    connection.addEventListener("connected", () => {
      if (this.state.isMuted) this.#tellServer();
      this.#keep();
    });
    connection.addEventListener("change", () => {
      const isUnwanted = connection.reason === "consent_required";
      if (connection.phase === "stopped" || isUnwanted) this.#forget();
    });
    connection.addEventListener("message", (event) => {
      this.#obey(/** @type {CustomEvent} */ (event).detail);
    });
    keeping?.backfill.addEventListener("change", () => {
      this.#become({ resending: keeping.backfill.state });
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
    this.#keeping?.keeper.setMuted(this.state.isMuted);
    this.#tellServer();
  }

  /** Consent is withdrawn: the device is let go. */
  withdraw() {
    this.#microphone?.close();
    this.#forget();
    this.#become({ hasWithdrawn: true });
  }

  close() {
    this.#microphone?.close();
    this.#forget();
    this.#keeping?.keeper.close();
  }

  /** From the first connection on, which nobody gets without consent. */
  #keep() {
    const { track } = this;
    if (track && this.#connection.door === "peer") this.#keeping?.keeper.follow(track);
  }

  #forget() {
    this.#keeping?.backfill.abandon();
    this.#keeping?.keeper.forget();
  }

  /** @param {any} message */
  #obey(message) {
    switch (message.type) {
      case "missed":
        // Only what the server asks for is sent; what was muted is silence in it.
        if (this.track) void this.#keeping?.backfill.answer(message);
        break;
      case "consent_given":
        if (message.seat === this.#seat) this.#keep();
        break;
      case "consent_withdrawn":
        // Perhaps at another page of the same person.
        if (message.seat === this.#seat) this.#forget();
        break;
    }
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
