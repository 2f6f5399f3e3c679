/** What a key does in the room. */

import { isTypingIn, shortcut } from "./keys.js";

/**
 * @param {KeyboardEvent} event
 * @param {import("./own.js").OwnSound} own
 * @param {import("./speaker.js").Speaker} speaker
 * @param {import("./layout.js").Layout} layout
 */
export function press(event, own, speaker, { notes, choose }) {
  if (document.querySelector("dialog[open]")) return;
  const wanted = shortcut(event, isTypingIn(event.target));
  if (wanted === null) return;
  if (wanted.do === "mute") own.toggleMute();
  else if (wanted.do === "sound") {
    if (!speaker.hasVoices) return;
    speaker.toggle();
  }
  else if (notes === null) return;
  else if (wanted.do !== "seat" || notes.choose(wanted.number)) {
    choose("notes");
    notes.focus();
  }
  event.preventDefault();
}
