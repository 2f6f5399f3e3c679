/** A connection with its doors, its sound and this browser's clock; for the room and for devices. */

import { Connection } from "../connection/connection.js";
import { doorsOf } from "../connection/doors.js";
import { h } from "../dom.js";
import { keepAwake } from "../microphone/wakelock.js";
import { OwnSound } from "./own.js";

/** @type {import("../connection/link.js").Clock} */
const BROWSER = {
  now: () => performance.now() / 1000,
  later: (action, ms) => setTimeout(action, ms),
  cancel: (timer) => clearTimeout(timer),
};

/**
 * @param {import("./scene.js").Join} join
 * @param {import("./scene.js").Microphone | null} microphone
 * @param {() => number} lastSeq
 * @returns {{connection: Connection, own: OwnSound, reason: () => string | null,
 *   stop: () => void}}
 */
export function plumb(join, microphone, lastSeq) {
  // Silence for now; in the document, because some phones play nothing that is not.
  const sound = h("audio", { autoplay: true, playsinline: true, hidden: true });
  document.body.append(sound);
  const { chooser, replaceTrack } = doorsOf({
    join,
    track: () => own.track,
    onSound: (stream) => {
      sound.srcObject = stream;
      // Refused without a tap; the lobby's was one.
      sound.play().catch(() => undefined);
    },
  });
  const connection = new Connection({
    chooser,
    clock: BROWSER,
    random: Math.random,
    lastSeq,
    isSubscribing: join.role !== "microphone",
  });
  const own = new OwnSound(microphone, connection, replaceTrack);
  const letSleep = keepAwake();
  const nudge = () => {
    if (document.visibilityState === "visible") connection.nudge();
  };
  // Browsers do not say goodbye for a page; without it the seat looks taken for half a minute.
  const rest = () => connection.rest();
  const back = (/** @type {PageTransitionEvent} */ { persisted }) => {
    if (persisted && connection.phase === "waiting") void connection.start();
  };
  addEventListener("pagehide", rest);
  addEventListener("pageshow", back);
  addEventListener("online", nudge);
  document.addEventListener("visibilitychange", nudge);
  return {
    connection,
    own,
    reason: () => chooser.reason,
    stop() {
      letSleep();
      removeEventListener("pagehide", rest);
      removeEventListener("pageshow", back);
      removeEventListener("online", nudge);
      document.removeEventListener("visibilitychange", nudge);
      connection.stop("left");
      own.close();
      sound.remove();
    },
  };
}
