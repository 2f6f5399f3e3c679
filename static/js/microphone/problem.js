/** Why a microphone could not be opened. */

/**
 * - `insecure`: the page is not a secure context, so the browser hides its microphones.
 * - `unsupported`: this browser cannot use a microphone at all.
 * - `denied`: the person, or an earlier choice, forbade it; `dismissed`: the question was closed.
 * - `system`: the device's own settings forbid it to the browser.
 * - `none`: there is no microphone; `busy`: another program holds it.
 *
 * @typedef {"insecure" | "unsupported" | "denied" | "dismissed" | "system" | "none" | "busy"
 *   | "unknown"} ProblemKind
 */

export class MicrophoneProblem extends Error {
  /** @param {ProblemKind} kind @param {unknown} [cause] */
  constructor(kind, cause) {
    super(`the microphone could not be opened: ${kind}`, { cause });
    this.kind = kind;
  }
}

/**
 * @param {unknown} error What `getUserMedia` threw.
 * @returns {ProblemKind}
 */
export function problemOf(error) {
  if (error instanceof MicrophoneProblem) return error.kind;
  const { name, message } = /** @type {{name?: string, message?: string}} */ (error ?? {});
  switch (name) {
    case "NotAllowedError":
      // Only Chromium tells these apart, and only in words.
      if (/dismiss/i.test(message ?? "")) return "dismissed";
      return /by system/i.test(message ?? "") ? "system" : "denied";
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "none";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "unknown";
  }
}
