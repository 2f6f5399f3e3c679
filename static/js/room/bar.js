/** The bottom line: what a person does in the room. */

import { h, setText, tell } from "../dom.js";
import { microphoneBar } from "../microphone/bar.js";
import { t } from "../texts/room.js";
import { isDirecting } from "./scene.js";

/**
 * Tells `mute`, `sound`, `leave`, `withdraw`, `end`.
 *
 * @param {import("./scene.js").Join} join
 * @param {import("./scene.js").Microphone | null} microphone
 * @returns {import("./scene.js").View}
 */
export function barView(join, microphone) {
  const button = (/** @type {string} */ id, /** @type {string} */ text, kind = "") =>
    h("button", { type: "button", id, class: kind, onclick: () => tell(element, id) }, text);
  const mute = button("mute", t("mute"));
  mute.title = t("muteTitle");
  const sound = button("sound", t("soundOff"));
  sound.title = t("soundTitle");
  const withdraw = button("withdraw", t("withdraw"), "quiet");
  const device = microphone
    ? h("div", { class: "device" }, microphoneBar(microphone))
    : null;
  const element = h(
    "footer",
    { class: "bar" },
    microphone && mute,
    sound,
    device,
    h("span", { class: "space" }),
    // Together, so that on narrow screens none of them stands in a row of its own.
    h(
      "span",
      { class: "exits" },
      withdraw,
      button("leave", t("leave")),
      isDirecting(join) && button("end", t("end")),
    ),
  );
  return {
    element,
    show({ own, state, link, sound: voices }) {
      // Refused or taken over: nobody hears them here, and they hear nobody.
      const isStopped = link.phase === "stopped";
      const isHearing = own.hasMicrophone && !own.hasWithdrawn && !isStopped;
      mute.hidden = !isHearing;
      if (device) device.hidden = !isHearing;
      // Narrow screens have no room for the device, unless something is wrong with it.
      element.classList.toggle("needs-device", own.lost !== null);
      mute.setAttribute("aria-pressed", String(own.isMuted));
      setText(mute, t(own.isMuted ? "unmute" : "mute"));
      sound.hidden = voices === null || isStopped;
      sound.classList.toggle("is-off", voices?.isOn === false);
      setText(sound, t(voices?.isOn === false ? "soundOn" : "soundOff"));
      const hasConsented = join.seat !== null && join.seat in state.consents;
      withdraw.hidden = !hasConsented || state.isConsentExternal || own.hasWithdrawn;
    },
  };
}
