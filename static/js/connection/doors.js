/** The doors of one session, as a `Chooser` opens them. */

import { json, sessionPath } from "../api.js";
import { Chooser } from "./chooser.js";
import { Refusal } from "./codes.js";
import { openPeer } from "./peerdoor.js";
import { openSocket } from "./socketdoor.js";

/**
 * @typedef {import("./chooser.js").Door} Door
 * @typedef {object} DoorsSetup
 * @property {import("../room/scene.js").Join} join
 * @property {() => MediaStreamTrack | null} track The microphone's, now.
 * @property {(stream: MediaStream) => void} onSound
 */

/**
 * @param {DoorsSetup} setup
 * @returns {{chooser: Chooser, replaceTrack: (track: MediaStreamTrack | null) => void}}
 */
export function doorsOf({ join, track, onSound }) {
  const session = join.session;
  /** @type {import("../room/scene.js").Join | null} Known already for the first try. */
  let known = join;
  /** @type {Door | null} */
  let newest = null;

  // Every try begins here: it says why somebody may not come in, which a WebSocket cannot, and
  // relays' passwords expire.
  const ask = async () => {
    const fresh = known ?? (await json("GET", sessionPath(session, "/join")));
    known = null;
    if (fresh.life === "review" || fresh.life === "erased") throw new Refusal("session_over");
    return fresh;
  };
  const exchange = async (/** @type {string} */ sdp) => {
    const body = { sdp, resume: remembered(session) };
    const answer = await json("POST", sessionPath(session, "/offer"), body);
    remember(session, answer.resume);
    return answer.sdp;
  };
  const chooser = new Chooser({
    peer: async (listener) => {
      const { ice_servers: iceServers } = await ask();
      newest = await openPeer({ exchange, iceServers, track: track(), onSound }, listener);
      // The device may have changed while the connection came up.
      newest.replaceTrack?.(track());
      return newest;
    },
    socket:
      join.role === "microphone"
        ? null
        : async (listener) => {
            await ask();
            return openSocket(session, listener);
          },
  });
  return { chooser, replaceTrack: (next) => newest?.replaceTrack?.(next) };
}

/** @param {string} session */
const key = (session) => `daedam-resume:${session}`;

/** @param {string} session @returns {string | null} */
function remembered(session) {
  try {
    return sessionStorage.getItem(key(session));
  } catch {
    return null; // Storage is forbidden in some private windows.
  }
}

/** @param {string} session @param {string | undefined} resume */
function remember(session, resume) {
  try {
    if (resume) sessionStorage.setItem(key(session), resume);
  } catch {
    // Then the next page begins a new track.
  }
}
