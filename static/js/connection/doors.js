/** The doors of one session, as a `Chooser` opens them. */

import { json, sessionPath } from "../api.js";
import { Chooser } from "./chooser.js";
import { Refusal } from "./codes.js";
import { openPeer } from "./peerdoor.js";
import { remember, remembered } from "./resume.js";
import { openSocket } from "./socketdoor.js";

const PATIENCE_MS = 6000;

/**
 * @typedef {object} DoorsSetup
 * @property {import("../room/scene.js").Join} join
 * @property {() => MediaStreamTrack | null} track The microphone's, now.
 * @property {boolean} canResend Whether the page keeps what it sends, for when the network loses it.
 */

/**
 * @param {DoorsSetup} setup
 * @returns {Chooser}
 */
export function doorsOf({ join, track, canResend }) {
  const session = join.session;
  /** @type {import("../room/scene.js").Join | null} Known already for the first try. */
  let known = join;

  // Every try begins here: it says why somebody may not come in, which a WebSocket cannot, and
  // relays' passwords expire.
  const ask = async (/** @type {AbortSignal | undefined} */ signal) => {
    const path = sessionPath(session, "/join");
    const fresh = known ?? (await json("GET", path, undefined, soon(signal)));
    known = null;
    if (fresh.life === "review" || fresh.life === "erased") throw new Refusal("session_over");
    return fresh;
  };
  /** @param {string} sdp @param {AbortSignal | undefined} signal */
  const exchange = async (sdp, signal) => {
    const body = { sdp, resume: remembered(session), can_resend: canResend };
    const answer = await json("POST", sessionPath(session, "/offer"), body, soon(signal));
    // Whoever has left meanwhile wants it forgotten.
    if (!signal?.aborted) remember(session, answer.resume);
    return answer;
  };
  return new Chooser({
    peer: async (listener) => {
      const { signal } = listener;
      const { ice_servers: iceServers } = await ask(signal);
      const setup = {
        exchange: (/** @type {string} */ sdp) => exchange(sdp, signal),
        iceServers,
        track: track(),
      };
      const door = await openPeer(setup, listener);
      // The device may have changed while the connection came up.
      door.replaceTrack?.(track());
      return door;
    },
    socket:
      join.role === "microphone"
        ? null
        : async (listener) => {
            await ask(listener.signal);
            return openSocket(session, listener);
          },
  });
}

/**
 * A question that was asked over a network which is gone stays unanswered for long, even when there
 * is a network again; a new one is answered at once.
 *
 * @param {AbortSignal | undefined} signal Not wanted any more.
 * @returns {AbortSignal}
 */
function soon(signal) {
  const ending = new AbortController();
  const end = () => ending.abort();
  signal?.addEventListener("abort", end);
  AbortSignal.timeout(PATIENCE_MS).addEventListener("abort", end);
  if (signal?.aborted) end();
  return ending.signal;
}
