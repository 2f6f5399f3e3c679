/** A connection with its doors, its sound and this browser's clock; for the room and for devices. */

import { request, sessionPath } from "../api.js";
import { Backfill } from "../connection/backfill.js";
import { Refusal } from "../connection/codes.js";
import { Connection } from "../connection/connection.js";
import { doorsOf } from "../connection/doors.js";
import { h } from "../dom.js";
import { canKeep, Keeper } from "../microphone/keeper.js";
import { keepAwake } from "../microphone/wakelock.js";
import { OwnSound } from "./own.js";
import { Speaker } from "./speaker.js";

/** @type {import("../connection/link.js").Clock} */
const BROWSER = {
  now: () => performance.now() / 1000,
  later: (action, ms) => setTimeout(action, ms),
  cancel: (timer) => clearTimeout(timer),
};

const POST_PATIENCE_MS = 10_000;

/**
 * @param {import("./scene.js").Join} join
 * @param {import("./scene.js").Microphone | null} microphone
 * @param {() => number} lastSeq
 * @returns {{connection: Connection, own: OwnSound, speaker: Speaker,
 *   link: () => import("./scene.js").Line, stop: () => void}}
 */
export function plumb(join, microphone, lastSeq) {
  // In the document, because some phones play nothing that is not.
  const sound = h("audio", { autoplay: true, playsinline: true, hidden: true });
  document.body.append(sound);
  const speaker = new Speaker(sound, join.listens === true);
  const keeping =
    microphone && canKeep() ? keepingOf(join.session, () => connection.id) : null;
  const chooser = doorsOf({ join, track: () => own.track, canResend: keeping !== null });
  const connection = new Connection({
    chooser,
    clock: BROWSER,
    random: Math.random,
    lastSeq,
    isSubscribing: join.role !== "microphone",
  });
  const own = new OwnSound(microphone, connection, keeping, join.seat);
  // The sound of the connection before goes on until then.
  connection.addEventListener("connected", () => {
    if (!connection.sound) return;
    sound.srcObject = connection.sound;
    void speaker.play();
  });
  const letSleep = keepAwake();
  const lifetime = new AbortController();
  follow(connection, lifetime.signal);
  return {
    connection,
    own,
    speaker,
    link: () => ({
      phase: connection.phase,
      code: connection.code,
      door: connection.door,
      reason: connection.reason,
      isSuspect: connection.isSuspect,
    }),
    stop() {
      letSleep();
      lifetime.abort();
      connection.stop("left");
      own.close();
      speaker.close();
      sound.remove();
    },
  };
}

/**
 * @param {string} session
 * @param {() => string | null} idNow Of the connection of the moment, which may be a newer one than
 *   that which was asked.
 * @returns {import("./own.js").Keeping}
 */
function keepingOf(session, idNow) {
  const keeper = new Keeper();
  /** @type {import("../connection/backfill.js").Setup["post"]} */
  const post = async ({ start, rest }, samples) => {
    const connection = idNow();
    // Whoever comes next will be asked anew.
    if (connection === null) throw new Refusal("lost");
    const query = new URLSearchParams({ connection, start: start.toFixed(3), rest: String(rest) });
    const path = sessionPath(session, `/backfill?${query}`);
    const bytes = samples.slice().buffer;
    const signal = AbortSignal.timeout(POST_PATIENCE_MS);
    return (await request("POST", path, bytes, signal)).json();
  };
  return { keeper, backfill: new Backfill({ kept: keeper, clock: BROWSER, post }) };
}

/**
 * Tells the connection what happens to the page and to the network.
 *
 * @param {Connection} connection
 * @param {AbortSignal} signal
 */
function follow(connection, signal) {
  // Browsers do not say goodbye for a page; without it the seat looks taken for half a minute.
  const rest = () => connection.rest();
  const back = (/** @type {PageTransitionEvent} */ { persisted }) => {
    if (persisted && connection.phase === "waiting") void connection.start();
  };
  const seen = () => {
    if (document.visibilityState === "visible") connection.nudge();
  };
  const moved = () => connection.nudge(true);
  addEventListener("pagehide", rest, { signal });
  addEventListener("pageshow", back, { signal });
  addEventListener("online", moved, { signal });
  document.addEventListener("visibilitychange", seen, { signal });
  // From Wi-Fi to the telephone network; only Chromium tells.
  const { connection: network } = /** @type {{connection?: EventTarget & {type?: string}}} */ (
    /** @type {unknown} */ (navigator)
  );
  let type = network?.type;
  const changed = () => {
    // It also tells of every new guess at the speed.
    if (network?.type !== type) moved();
    type = network?.type;
  };
  network?.addEventListener("change", changed, { signal });
}
