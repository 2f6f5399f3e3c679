/** The HTTP door. The link's token comes from the address's fragment, which no server sees. */

import { errorText } from "./texts/errors.js";

export const PREFIX = "/api/v1/realtime-interview";
const SESSION = `${PREFIX}/interview/session`;
const PATIENCE_MS = 20_000;

/** The token of this page's link; null: opened without one, on the server's own machine. */
export const token = new URLSearchParams(location.hash.slice(1)).get("t");

/** What the server refused, or `unreachable`; its message is fit to show. */
export class ApiError extends Error {
  /** @param {string} code @param {number} status @param {string} [sentence] */
  constructor(code, status, sentence = "") {
    super(errorText(code, sentence));
    this.code = code;
    this.status = status;
  }
}

/** @param {string} session @param {string} [rest] Such as `/join`. */
export function sessionPath(session, rest = "") {
  return `${SESSION}/${encodeURIComponent(session)}${rest}`;
}

export const sessionsPath = SESSION;

/**
 * Asks the server.
 *
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body] Sent as JSON; bytes as they are.
 * @param {AbortSignal} [signal] When not to wait any longer; else 20 s.
 * @returns {Promise<Response>} A successful one.
 * @throws {ApiError}
 */
export async function request(method, path, body, signal = AbortSignal.timeout(PATIENCE_MS)) {
  /** @type {Record<string, string>} */
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const bytes = body instanceof ArrayBuffer ? body : null;
  if (bytes) headers["Content-Type"] = "application/octet-stream";
  else if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: bytes ?? (body === undefined ? null : JSON.stringify(body)),
      signal,
    });
  } catch {
    throw new ApiError("unreachable", 0);
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => ({}));
  throw new ApiError(told.code ?? "internal", response.status, told.detail);
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function json(method, path, body, signal) {
  return (await request(method, path, body, signal)).json();
}

/** @param {string} session @returns {string} The WebSocket's address, with the link. */
export function socketUrl(session) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const query = token ? `?t=${encodeURIComponent(token)}` : "";
  const path = `${PREFIX}/ws/interview/${encodeURIComponent(session)}`;
  return `${scheme}://${location.host}${path}${query}`;
}

/** @returns {string} The session id in the address of `/room/…` and `/review/…`. */
export function sessionOfPage() {
  return decodeURIComponent(location.pathname.split("/")[2] ?? "");
}

/** @param {"room" | "review"} page @param {string} session @param {string | null} [link] */
export function pageUrl(page, session, link = token) {
  return `/${page}/${encodeURIComponent(session)}${link ? `#t=${link}` : ""}`;
}
