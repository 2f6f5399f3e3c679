/** What a link says about itself. Only the server knows whether it is true. */

/**
 * @param {string | null} token
 * @returns {{session: string, roles: readonly string[]} | null} Null: no link, or none of ours.
 */
export function claims(token) {
  const middle = token?.split(".")[1];
  if (!middle) return null;
  try {
    const bytes = Uint8Array.from(atob(middle.replaceAll("-", "+").replaceAll("_", "/")), (c) =>
      c.charCodeAt(0),
    );
    const told = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof told.session !== "string" || !Array.isArray(told.roles)) return null;
    return { session: told.session, roles: told.roles };
  } catch {
    return null;
  }
}

/**
 * Where somebody with this link belongs.
 *
 * @param {string | null} token
 * @returns {{kind: "manage"} | {kind: "one", session: string} | {kind: "room", session: string}}
 *   `manage`: every session; `one`: an operator of one session; `room`: a person of one session.
 */
export function destination(token) {
  const told = claims(token);
  if (!told || told.session === "*") return { kind: "manage" };
  return { kind: told.roles.includes("operator") ? "one" : "room", session: told.session };
}
