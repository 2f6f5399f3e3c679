/** Looks again and again whether anything still comes over a peer connection. */

import { doubt, look, LOOK_MS, unheard, verdict } from "./liveness.js";

/** @typedef {import("./liveness.js").Verdict} Verdict */

/**
 * @param {RTCRtpReceiver} receiver
 * @param {{suspected: (isSuspect: boolean) => void, lost: () => void}} report
 * @returns {{heard: () => void, doubt: () => void, stop: () => void}}
 */
export function watch(receiver, report) {
  let liveness = unheard(performance.now());
  let messages = 0;
  let isAsking = false;
  /** @type {Verdict} */
  let said = "here";
  const timer = setInterval(async () => {
    // Where asking takes longer than the pause, one question at a time.
    if (isAsking) return;
    isAsking = true;
    const packets = await packetsOf(receiver);
    isAsking = false;
    // Messages count as soon as packets do: they come at no rate that could be judged.
    const heard = packets === 0 ? 0 : packets + messages;
    liveness = look(liveness, heard, performance.now());
    tell(verdict(liveness));
  }, LOOK_MS);
  let isOver = false;

  /** @param {Verdict} now */
  function tell(now) {
    if (isOver || now === said) return;
    said = now;
    if (now === "lost") report.lost();
    else report.suspected(now === "suspect");
  }

  return {
    heard: () => void (messages += 1),
    doubt: () => void (liveness = doubt(liveness, performance.now())),
    stop() {
      isOver = true;
      clearInterval(timer);
    },
  };
}

/** @param {RTCRtpReceiver} receiver @returns {Promise<number>} How many have come. */
async function packetsOf(receiver) {
  try {
    for (const stats of (await receiver.getStats()).values()) {
      if (stats.type === "inbound-rtp") return stats.packetsReceived ?? 0;
    }
  } catch {
    // The connection is being closed, which is noticed elsewhere.
  }
  return 0;
}
