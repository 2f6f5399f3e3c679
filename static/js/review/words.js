/** Finds what a person types in what was said: pure functions. */

/** @param {string} query @returns {RegExp | null} Null: nothing to look for. */
export function pattern(query) {
  const words = query.normalize("NFC").trim().split(/\s+/u).filter(Boolean);
  if (!words.length) return null;
  const literal = words.map((word) => word.replace(/[\\^$.*+?()[\]{}|]/gu, "\\$&"));
  return new RegExp(literal.join("\\s+"), "giu");
}

/**
 * @param {string} text
 * @param {RegExp} sought From `pattern`.
 * @returns {{text: string, isFound: boolean}[]} The text in pieces; put together they are it.
 */
export function pieces(text, sought) {
  const found = [];
  let from = 0;
  for (const match of text.matchAll(sought)) {
    if (match.index > from) found.push({ text: text.slice(from, match.index), isFound: false });
    found.push({ text: match[0], isFound: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) found.push({ text: text.slice(from), isFound: false });
  return found;
}

/**
 * @param {string | null} disposition A `Content-Disposition` header (RFC 6266).
 * @param {string} otherwise
 * @returns {string} The file's name, without any folder.
 */
export function filename(disposition, otherwise) {
  const encoded = /filename\*\s*=\s*UTF-8'[^']*'([^;\s]+)/iu.exec(disposition ?? "")?.[1];
  const plain = /filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/iu.exec(disposition ?? "");
  let name = plain?.[1]?.replace(/\\(.)/gu, "$1") ?? plain?.[2] ?? "";
  if (encoded) {
    try {
      name = decodeURIComponent(encoded);
    } catch {
      // Not UTF-8 after all; the plain name stands beside it.
    }
  }
  return name.split(/[\\/]/u).at(-1) || otherwise;
}
