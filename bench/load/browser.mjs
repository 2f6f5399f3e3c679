// @ts-check
// One person's browser for the load tool: a peer connection with a microphone and two channels.

import rtc from "node-datachannel";
import { FRAME_MS, LEVEL_EXTENSION, Source } from "./rtp.mjs";

/** @typedef {import("./rtp.mjs").Frame} Frame */
/**
 * A conversation.
 * @typedef {object} Script
 * @property {Frame[]} frames all of it
 * @property {Frame[]} silence what an open microphone sends, to be repeated
 * @property {number[]} floor for each frame who says it
 * @property {number} began_ms
 */
/** @typedef {{ is: string, [name: string]: unknown }} Happening */

const CHANNELS = ["interview", "captions"];
const OPUS = 111;
/** Clients send in so many groups within a frame's time: as spread as people are, few wake-ups. */
const PHASES = 5;
const REPORT_EVERY = 250;

/** How late packets left: the worst, and how many by more than their own length. */
export const lateness = { latest_ms: 0, late: 0 };

/** One person's browser; tells what happens to it. */
export class Client {
  #isClosing = false;
  #waiting = new Set(["connected", ...CHANNELS]);
  /** @type {Script | null} */
  #script = null;
  #seat = 0;
  #next = 0;
  #phase_ms;
  #tell;

  /**
   * @param {number} id
   * @param {string | undefined} bindAddress where its packets leave from
   * @param {(happening: Happening) => void} tell
   */
  constructor(id, bindAddress, tell) {
    this.id = id;
    this.#tell = tell;
    this.#phase_ms = (id % PHASES) * (FRAME_MS / PHASES);
    this.source = new Source(1_000 + id, OPUS);
    const options = { iceServers: [], disableAutoNegotiation: true };
    this.connection = new rtc.PeerConnection(
      `client ${id}`,
      bindAddress === undefined ? options : { ...options, bindAddress },
    );
    this.connection.onStateChange((state) => this.#become(state));
    this.connection.onLocalDescription((sdp) => this.#tell({ is: "offer", id, sdp }));
    this.track = this.#microphone();
    this.channels = new Map(CHANNELS.map((name) => [name, this.#channel(name)]));
    this.connection.setLocalDescription("offer");
  }

  #microphone() {
    const audio = new rtc.Audio("0", "SendRecv");
    audio.addOpusCodec(OPUS);
    audio.parseSdpLine(`a=extmap:${LEVEL_EXTENSION} urn:ietf:params:rtp-hdrext:ssrc-audio-level`);
    audio.addSSRC(this.source.ssrc, `load-${this.id}`, "load", `microphone-${this.id}`);
    const track = this.connection.addTrack(audio);
    track.onMessage((packet) => this.source.take(packet));
    return track;
  }

  /** @param {string} name */
  #channel(name) {
    const isSignals = name === "captions";
    const options = isSignals ? { unordered: true, maxRetransmits: 0 } : {};
    const channel = this.connection.createDataChannel(name, options);
    channel.onOpen(() => this.#arrive(name));
    channel.onClosed(() => this.#end(`the channel ${name} was closed`));
    const heard = { is: "text", id: this.id, channel: name };
    channel.onMessage((text) => this.#tell({ ...heard, text: `${text}` }));
    return channel;
  }

  /** @param {string} state */
  #become(state) {
    if (state === "connected") this.#arrive(state);
    if (["disconnected", "failed", "closed"].includes(state)) this.#end(state);
  }

  /** @param {string} what */
  #arrive(what) {
    this.#waiting.delete(what);
    if (this.#waiting.size === 0) this.#tell({ is: "open", id: this.id });
  }

  /** @param {string} why */
  #end(why) {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#script = null;
    this.#tell({ is: "ended", id: this.id, why });
  }

  /**
   * Send the script's sound while this seat has the floor, and silence otherwise.
   * @param {Script} script
   * @param {number} seat
   */
  talk(script, seat) {
    this.#script = script;
    this.#seat = seat;
    this.#next = 0;
  }

  hush() {
    this.#script = null;
  }

  /**
   * Send what is due; return when the next packet is.
   * @param {number} now
   */
  send(now) {
    const script = this.#script;
    if (script === null) return Infinity;
    // A packet leaves when its last sample has been spoken, as from a real microphone.
    const due = () => script.began_ms + this.#phase_ms + (this.#next + 1) * FRAME_MS;
    if (due() <= now) {
      lateness.latest_ms = Math.max(lateness.latest_ms, now - due());
      lateness.late += now - due() > FRAME_MS ? 1 : 0;
    }
    for (; due() <= now; this.#next += 1) {
      if (!this.track.isOpen()) continue;
      this.track.sendMessageBinary(this.source.packet(this.#frame(script)));
      if (this.source.sent % REPORT_EVERY === 1) {
        this.track.sendMessageBinary(this.source.report());
      }
    }
    return due();
  }

  /**
   * @param {Script} script
   * @returns {Frame}
   */
  #frame(script) {
    const hasFloor = script.floor[this.#next] === this.#seat;
    const spoken = hasFloor ? script.frames[this.#next] : undefined;
    const silent = script.silence[(this.#next + 17 * this.id) % script.silence.length];
    return /** @type {Frame} */ (spoken ?? silent);
  }

  close() {
    this.#isClosing = true;
    this.#script = null;
    this.connection.close();
  }

  counts() {
    const { sent, heard, missing } = this.source;
    return { id: this.id, sent, heard, missing };
  }
}
