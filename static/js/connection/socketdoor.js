/** The WebSocket as a door. */

import { socketUrl } from "../api.js";
import { codeOfClose, Refusal } from "./codes.js";

const PATIENCE_MS = 10_000;
/** The server pings after 30 s of our silence; nothing for so long means nobody is there. */
const DEAD_MS = 45_000;
const WATCH_MS = 5000;

/**
 * @param {string} session
 * @param {import("./chooser.js").Listener} listener
 * @returns {Promise<import("./chooser.js").Door>}
 */
export function openSocket(session, listener) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(socketUrl(session));
    let heardAt = performance.now();
    let isSilent = false;
    let isOpen = false;
    const seemsDead = () => performance.now() - heardAt > DEAD_MS;
    const end = (/** @type {string} */ code) => {
      if (isSilent) return;
      isSilent = true;
      clearTimeout(patience);
      clearInterval(watch);
      socket.close();
      if (isOpen) listener.closed(code);
      else reject(new Refusal(code));
    };
    const patience = setTimeout(() => end("unreachable"), PATIENCE_MS);
    const watch = setInterval(() => (seemsDead() ? end("lost") : undefined), WATCH_MS);
    socket.onmessage = ({ data }) => {
      heardAt = performance.now();
      if (!isSilent) listener.message(JSON.parse(data));
    };
    socket.onclose = ({ code }) => end(isOpen ? codeOfClose(code) : "unreachable");
    socket.onopen = () => {
      isOpen = true;
      clearTimeout(patience);
      resolve({
        kind: "socket",
        seemsDead,
        send: (text) => socket.send(text),
        close: () => {
          isSilent = true;
          clearInterval(watch);
          socket.close();
        },
      });
    };
  });
}
