/** A microphone that can be pulled out: no browser's fake device can, so its API says so instead. */

const NAME = "microphonePlug";

/** Runs in every page before its own scripts; must not use anything from outside. */
export function pluggable() {
  const { mediaDevices } = navigator;
  // Without a secure context there is no microphone at all.
  if (!mediaDevices) return;
  const open = mediaDevices.getUserMedia.bind(mediaDevices);
  /** @type {MediaStreamTrack[]} */
  const tracks = [];
  let isIn = true;
  mediaDevices.getUserMedia = async (constraints) => {
    if (!isIn) throw new DOMException("Requested device not found", "NotFoundError");
    const stream = await open(constraints);
    tracks.push(...stream.getAudioTracks());
    return stream;
  };
  Object.assign(window, {
    microphonePlug: (/** @type {boolean} */ isPushed) => {
      isIn = isPushed;
      mediaDevices.dispatchEvent(new Event("devicechange"));
      if (isIn) return;
      for (const track of tracks.splice(0)) {
        if (track.readyState === "ended") continue;
        track.stop();
        // A page's own `stop` is no news to it; a device that goes is.
        track.dispatchEvent(new Event("ended"));
      }
    },
  });
}

/** @param {import("puppeteer-core").Page} page @param {boolean} isIn */
export function plug(page, isIn) {
  return page.evaluate((name, is) => /** @type {any} */ (window)[name](is), NAME, isIn);
}
