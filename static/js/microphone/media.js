/** What a microphone needs of the browser, in one place: tests pass a small real one instead. */

import { Level } from "./level.js";
import { MicrophoneProblem } from "./problem.js";

const KEY = "microphone";

/**
 * @typedef {EventTarget & {readonly value: number, readonly isInterrupted: boolean,
 *   follow(track: MediaStreamTrack): void, resume(): void, close(): void}} LevelSource
 *   Fires `statechange`.
 *
 * @typedef {object} Media
 * @property {(constraints: MediaStreamConstraints) => Promise<MediaStream>} open
 * @property {() => Promise<MediaDeviceInfo[]>} list
 * @property {EventTarget} devices Fires `devicechange`.
 * @property {() => Promise<(EventTarget & {readonly state: string}) | null>} permission
 * @property {() => LevelSource} level Call it in a tap's handler: iOS keeps it silent otherwise.
 * @property {EventTarget & {readonly visibilityState: string}} page
 * @property {{get(): string | null, set(deviceId: string): void}} choice
 */

/** @returns {Media} @throws {MicrophoneProblem} `insecure` or `unsupported`. */
export function browserMedia() {
  // Undefined on a page that is not a secure context, whatever its type says.
  const devices = /** @type {MediaDevices | undefined} */ (navigator.mediaDevices);
  if (!devices?.getUserMedia) {
    throw new MicrophoneProblem(window.isSecureContext ? "unsupported" : "insecure");
  }
  return {
    open: (constraints) => devices.getUserMedia(constraints),
    list: () => devices.enumerateDevices(),
    devices,
    permission,
    level: () => new Level(),
    page: document,
    choice: { get: chosen, set: keep },
  };
}

/** @returns {Promise<PermissionStatus | null>} Null where the browser does not tell. */
async function permission() {
  try {
    return await navigator.permissions.query({ name: /** @type {any} */ ("microphone") });
  } catch {
    return null;
  }
}

/** @returns {string | null} */
function chosen() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // Storage is forbidden in some private windows.
  }
}

/** @param {string} deviceId */
function keep(deviceId) {
  try {
    localStorage.setItem(KEY, deviceId);
  } catch {
    // Then the choice lasts as long as the page.
  }
}
