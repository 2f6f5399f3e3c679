/** The others' voices: on or off as this person likes it, and what the browser makes of it. */

const KEY = "sound";

/**
 * What else it needs of the browser: tests pass a small real one instead.
 *
 * @typedef {object} Surroundings
 * @property {EventTarget & {readonly visibilityState: string}} page
 * @property {{get(): boolean, set(isOn: boolean): void}} choice Remembered by this browser.
 */

/**
 * Fires `change`. Whoever has switched the sound off is still sent it: by that a page knows that
 * its connection lives.
 */
export class Speaker extends EventTarget {
  #element;
  #choice;
  #isOn;
  #isBlocked = false;
  #lifetime = new AbortController();

  /**
   * @param {HTMLAudioElement} element In the document: some phones play nothing that is not.
   * @param {boolean} hasVoices Whether anybody is to be heard; else there is only silence.
   * @param {Surroundings} [surroundings] The browser's when left out.
   */
  constructor(element, hasVoices, { page, choice } = ofBrowser()) {
    super();
    this.hasVoices = hasVoices;
    this.#element = element;
    this.#choice = choice;
    this.#isOn = choice.get();
    element.muted = !this.#isWanted;
    const { signal } = this.#lifetime;
    // A call, or the stop key of a headset. After a stream that has ended comes the next one.
    element.addEventListener("pause", () => this.#block(!element.ended), { signal });
    element.addEventListener("playing", () => this.#block(false), { signal });
    const again = () => void (this.#isBlocked && this.play());
    for (const tap of ["click", "keydown"]) page.addEventListener(tap, again, { signal });
    const back = () => void (page.visibilityState === "visible" && again());
    page.addEventListener("visibilitychange", back, { signal });
  }

  /** What the person chose. */
  get isOn() {
    return this.#isOn;
  }

  /** The browser plays nothing until the person touches the page. */
  get isBlocked() {
    return this.#isBlocked && this.#isWanted;
  }

  get #isWanted() {
    return this.#isOn && this.hasVoices;
  }

  /** Plays the element's stream; in a tap's handler, where the browser wants one. */
  async play() {
    if (!this.#element.srcObject) return;
    try {
      await this.#element.play();
      this.#block(false);
    } catch (error) {
      // Any other reason: a newer stream has taken this one's place.
      if (error instanceof DOMException && error.name === "NotAllowedError") this.#block(true);
    }
  }

  /** In a tap's handler. */
  toggle() {
    this.#isOn = !this.#isOn;
    this.#choice.set(this.#isOn);
    this.#element.muted = !this.#isWanted;
    this.dispatchEvent(new CustomEvent("change"));
    void this.play();
  }

  close() {
    this.#lifetime.abort();
    this.#element.srcObject = null;
  }

  /** @param {boolean} is */
  #block(is) {
    if (is === this.#isBlocked) return;
    this.#isBlocked = is;
    this.dispatchEvent(new CustomEvent("change"));
  }
}

/** @returns {Surroundings} */
function ofBrowser() {
  return { page: document, choice: { get: chosen, set: keep } };
}

/** @returns {boolean} */
function chosen() {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true; // Storage is forbidden in some private windows.
  }
}

/** @param {boolean} isOn */
function keep(isOn) {
  try {
    localStorage.setItem(KEY, isOn ? "on" : "off");
  } catch {
    // Then the choice lasts as long as the page.
  }
}
