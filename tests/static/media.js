/** A small real implementation of what a microphone needs of a browser, without one. */

/** A device's sound. `end`, `take` and `give` are what systems do to it. */
export class FakeTrack extends EventTarget {
  kind = "audio";
  enabled = true;
  muted = false;
  /** @type {"live" | "ended"} */
  readyState = "live";
  /** @param {string} deviceId */
  constructor(deviceId) {
    super();
    this.deviceId = deviceId;
  }

  getSettings() {
    return { deviceId: this.deviceId };
  }

  stop() {
    this.readyState = "ended"; // Browsers fire no event for it.
  }

  end() {
    this.readyState = "ended";
    this.dispatchEvent(new Event("ended"));
  }

  take() {
    this.muted = true;
    this.dispatchEvent(new Event("mute"));
  }

  give() {
    this.muted = false;
    this.dispatchEvent(new Event("unmute"));
  }
}

/** Sound's level and the state of its audio context. */
export class FakeLevel extends EventTarget {
  value = 0;
  isInterrupted = false;
  isClosed = false;
  /** @type {MediaStreamTrack | null} */
  track = null;

  /** @param {MediaStreamTrack} track */
  follow(track) {
    this.track = track;
  }

  resume() {}

  close() {
    this.isClosed = true;
  }

  /** @param {boolean} isInterrupted */
  become(isInterrupted) {
    this.isInterrupted = isInterrupted;
    this.dispatchEvent(new Event("statechange"));
  }
}

class FakePermission extends EventTarget {
  state = "granted";
}

class FakePage extends EventTarget {
  visibilityState = "visible";
}

/** A browser with devices that can be plugged, taken away and forbidden. */
export class FakeMedia {
  devices = new EventTarget();
  page = new FakePage();
  levels = /** @type {FakeLevel[]} */ ([]);
  tracks = /** @type {FakeTrack[]} */ ([]);
  asked = /** @type {MediaTrackConstraints[]} */ ([]);
  busy = new Set();
  isForbidden = false;
  kept = /** @type {string | null} */ (null);
  choice = { get: () => this.kept, set: (/** @type {string} */ id) => (this.kept = id) };
  #permission = new FakePermission();
  #plugged;

  /** @param {...string} plugged Ids of devices, the default one first. */
  constructor(...plugged) {
    this.#plugged = plugged;
  }

  /** @param {MediaStreamConstraints} constraints @returns {Promise<any>} */
  async open(constraints) {
    const wanted = /** @type {MediaTrackConstraints} */ (constraints.audio);
    this.asked.push(wanted);
    if (this.isForbidden) throw new DOMException("Permission denied", "NotAllowedError");
    const exact = /** @type {{exact: string} | undefined} */ (wanted.deviceId)?.exact;
    const deviceId = exact ?? this.#plugged[0];
    if (exact && !this.#plugged.includes(exact)) throw named("OverconstrainedError");
    if (!deviceId) throw named("NotFoundError");
    if (this.busy.has(deviceId)) throw named("NotReadableError");
    const track = new FakeTrack(deviceId);
    this.tracks.push(track);
    return { getAudioTracks: () => [track] };
  }

  /** @returns {Promise<any[]>} */
  async list() {
    const inputs = this.#plugged.map((deviceId) => ({ deviceId, kind: "audioinput", label: "" }));
    return [...inputs, { deviceId: "loud", kind: "audiooutput", label: "" }];
  }

  permission = async () => this.#permission;

  level() {
    const level = new FakeLevel();
    this.levels.push(level);
    return level;
  }

  /** @param {string} deviceId */
  plug(deviceId) {
    this.#plugged.push(deviceId);
    this.devices.dispatchEvent(new Event("devicechange"));
  }

  /** @param {string} deviceId */
  unplug(deviceId) {
    this.#plugged = this.#plugged.filter((other) => other !== deviceId);
    for (const track of this.tracks) {
      if (track.deviceId === deviceId && track.readyState === "live") track.end();
    }
    this.devices.dispatchEvent(new Event("devicechange"));
  }

  /** @param {boolean} isForbidden */
  forbid(isForbidden) {
    this.isForbidden = isForbidden;
    this.#permission.state = isForbidden ? "denied" : "granted";
    this.#permission.dispatchEvent(new Event("change"));
  }

  look() {
    this.page.dispatchEvent(new Event("visibilitychange"));
  }

  get live() {
    return this.tracks.filter((track) => track.readyState === "live");
  }
}

/** @param {string} name */
function named(name) {
  return Object.assign(new Error(name), { name });
}
