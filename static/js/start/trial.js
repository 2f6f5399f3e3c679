/** Sends a recording as existing clients do, and cleans up after itself. */

import { json, sessionsPath, socketUrl } from "../api.js";
import { t } from "../texts/start.js";
import { end, erase } from "./doors.js";

export const MAX_BYTES = 45 * 1024 * 1024; // base64 makes a third more of it; 64 MiB are served.

/** @typedef {{start: number, text: string}} Heard */

/**
 * Has a recording written down in a session of its own, which is gone if nothing was heard.
 *
 * @param {File} file
 * @returns {Promise<{session: string, segments: readonly Heard[]}>}
 * @throws {Error} Its message is fit to show.
 */
export async function tryRecording(file) {
  if (file.size > MAX_BYTES) throw new Error(t("large"));
  const audio = await base64(file);
  const { session_id: session } = await json("POST", sessionsPath, {
    title: t("tryName"),
    seats: [{ seat: "지원자_1" }],
    consent: "external",
  });
  let hasWords = false;
  try {
    const result = await understand(session, audio);
    if (!result.success) throw new Error(t(result.code === "not_audio" ? "notAudio" : "notHeard"));
    const segments = result.transcription.segments;
    hasWords = segments.length > 0;
    return { session, segments };
  } finally {
    await (hasWords ? end(session) : discard(session)).catch(() => {});
  }
}

/** @param {string} session */
async function discard(session) {
  await end(session);
  await erase(session);
}

/** @param {File} file @returns {Promise<string>} */
function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",")[1] ?? "");
    reader.onerror = () => reject(new Error(t("unreadable")));
    reader.readAsDataURL(file);
  });
}

/** @param {string} session @param {string} audio @returns {Promise<any>} */
function understand(session, audio) {
  const socket = new WebSocket(socketUrl(session));
  return new Promise((resolve, reject) => {
    socket.onopen = () => socket.send(JSON.stringify({ type: "audio_chunk", audio_data: audio }));
    socket.onmessage = (event) => {
      const message = JSON.parse(event.data);
      if (message.type === "audio_processed") resolve(message.result);
      else if (message.type === "error") reject(new Error(t("notHeard")));
      else return; // A ping.
      socket.close();
    };
    socket.onclose = () => reject(new Error(t("lost")));
  });
}
