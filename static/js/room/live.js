/** The room while it lives: connection → state → views, and intents back to the connection. */

import { pageUrl } from "../api.js";
import { forget } from "../connection/resume.js";
import { disconnected, initial, isForgotten, receive, reconnected } from "../state.js";
import { withoutStale } from "../state/speech.js";
import { enrolVoice } from "../voice/enrol.js";
import { correcting } from "./correcting.js";
import { confirmRoom, end, withdraw } from "./deeds.js";
import { press } from "./keyboard.js";
import { keepingFocus } from "./focus.js";
import { layout } from "./layout.js";
import { lifeBeforeTheEnd } from "./life.js";
import { Notebook } from "./notebook.js";
import { showLeft, showOver } from "./pages.js";
import { plumb } from "./plumbing.js";
import { mayLeaveUnsaved } from "./questions.js";
import { isDirecting } from "./scene.js";

/**
 * @typedef {import("./scene.js").Scene} Scene
 * @typedef {import("./scene.js").Join} Join
 * @typedef {import("./scene.js").Microphone} Microphone
 */

/** Messages of one burst are shown together. */
const SHOW_MS = 40;
/** Often enough that nothing untrue stands for long. */
const TICK_MS = 500;

const now_s = () => performance.now() / 1000;

/** One stay in the room, until the person leaves or the interview ends. */
export class Live {
  #root;
  #join;
  #microphone;
  #state;
  #plumbing;
  #notebook;
  /** @type {import("./layout.js").Layout} */
  #layout;
  /** @type {ReturnType<typeof setTimeout> | null} */
  #showing = null;
  #listeners = new AbortController();

  /** @param {HTMLElement} root @param {Join} join @param {Microphone | null} microphone */
  constructor(root, join, microphone) {
    this.#root = root;
    this.#join = join;
    this.#microphone = microphone;
    this.#state = initial(join, now_s());
    this.#plumbing = plumb(join, microphone, () => this.#state.seq);
    this.#notebook = new Notebook(this.#plumbing.connection, join.session);
    this.#layout = this.#mount();
    this.#listen();
    this.#obey();
    void this.#plumbing.connection.start();
    this.#notebook.resume();
    document.getElementById("captions-title")?.focus({ preventScroll: true });
  }

  #mount() {
    const scene = this.#scene();
    const now = () => this.#scene();
    return layout(this.#root, scene, this.#microphone, this.#notebook.draft, now);
  }

  /** @returns {Scene} */
  #scene() {
    const { own, link, speaker } = this.#plumbing;
    return {
      state: this.#state,
      join: this.#join,
      own: own.state,
      link: link(),
      sound: speaker.hasVoices ? speaker : null,
      unsaved: this.#notebook.unsaved,
      now_s: now_s(),
    };
  }

  #listen() {
    const { signal } = this.#listeners;
    const { connection, own, speaker } = this.#plumbing;
    const soon = () => this.#showSoon();
    connection.addEventListener("message", (event) => {
      const message = /** @type {CustomEvent} */ (event).detail;
      if (isForgotten(this.#state, message)) location.reload();
      this.#state = receive(this.#state, message, now_s());
      if (message.type === "microphone" && message.state === "off") void this.#look(message.track);
      soon();
    });
    connection.addEventListener("connected", () => {
      this.#state = reconnected(this.#state);
      if (this.#state.life === "ending") void this.#look(this.#join.seat);
      soon();
    });
    connection.addEventListener("change", () => {
      if (connection.phase !== "open") this.#state = disconnected(this.#state);
      if (connection.phase === "stopped" && connection.code === "session_over") this.#over();
      else soon();
    });
    own.addEventListener("change", soon);
    speaker.addEventListener("change", soon);
    this.#notebook.addEventListener("change", soon);
    const ticking = setInterval(() => {
      this.#state = withoutStale(this.#state, now_s());
      soon();
    }, TICK_MS);
    signal.addEventListener("abort", () => clearInterval(ticking));
    document.addEventListener(
      "languagechange",
      () => {
        this.#layout = this.#mount();
        this.#show();
        document.getElementById("language")?.focus();
      },
      { signal },
    );
    const pressed = (/** @type {KeyboardEvent} */ event) => press(event, own, speaker, this.#layout);
    document.addEventListener("keydown", pressed, { signal });
    this.#show();
  }

  /** Intents of the views. */
  #obey() {
    const { own, connection, speaker } = this.#plumbing;
    const fixes = correcting(connection, () => this.#state, this.#listeners.signal);
    /** @type {Record<string, (detail: any) => unknown>} */
    const intents = {
      mute: () => own.toggleMute(),
      sound: () => speaker.toggle(),
      hear: () => speaker.play(),
      leave: () => this.#leave(),
      withdraw: () => withdraw(connection, own),
      end: async () => {
        if (await end(connection)) this.#over();
      },
      again: () => connection.start(),
      "consent-again": () => location.reload(),
      "confirm-room": () => confirmRoom(connection),
      "enrol-voice": () => enrolVoice(this.#join, this.#microphone, own),
      "fix-line": (line) => fixes.speaker(line),
      "fix-voice": (whose) => fixes.voice(whose),
      "fix-note": (note) => fixes.note(note),
      "take-back-note": (seq) => fixes.takeBackNote(seq),
      "show-line": (segment) => this.#layout.reveal(segment),
      draft: (draft) => this.#notebook.write(draft),
      note: (note) => this.#notebook.save(note),
      "note-retry": (id) => this.#notebook.retry(id),
      "note-discard": (id) => this.#notebook.takeBack(id),
      "note-edit": (id) => {
        const draft = this.#notebook.takeBack(id);
        if (draft) this.#layout.notes?.fill(draft);
      },
    };
    for (const [intent, act] of Object.entries(intents)) {
      const listener = (/** @type {Event} */ event) =>
        void act(/** @type {CustomEvent} */ (event).detail);
      this.#root.addEventListener(intent, listener, { signal: this.#listeners.signal });
    }
  }

  #showSoon() {
    this.#showing ??= setTimeout(() => this.#show(), SHOW_MS);
  }

  #show() {
    if (this.#showing !== null) clearTimeout(this.#showing);
    this.#showing = null;
    if (this.#listeners.signal.aborted) return;
    keepingFocus(this.#root, () => this.#layout.show(this.#scene()));
  }

  /** A microphone was let go: if ours, the interview may be ending. @param {string | null} track */
  async #look(track) {
    if (track === null || track !== this.#join.seat) return;
    const life = await lifeBeforeTheEnd(this.#join.session);
    if (life === null || this.#listeners.signal.aborted) return;
    this.#state = { ...this.#state, life };
    this.#showSoon();
  }

  async #leave() {
    if (this.#notebook.unsaved.length > 0 && !(await mayLeaveUnsaved())) return;
    this.#close();
    forget(this.#join.session);
    showLeft(this.#root);
  }

  /** The interview has ended: who may read the record goes there, unless a note would be lost. */
  #over() {
    if (this.#listeners.signal.aborted) return;
    const unsaved = this.#notebook.unsaved.map(({ note }) => note);
    const draft = this.#notebook.draft.text.trim();
    if (draft) unsaved.push(draft);
    this.#close();
    const { session } = this.#join;
    const canReview = isDirecting(this.#join);
    if (canReview && unsaved.length === 0) location.assign(pageUrl("review", session));
    else showOver(this.#root, { isErased: false, session, canReview, unsaved });
  }

  #close() {
    this.#listeners.abort();
    this.#plumbing.stop();
  }
}
