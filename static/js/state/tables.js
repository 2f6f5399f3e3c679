/** Tables that are never changed, only made anew. */

/**
 * @template T
 * @param {Readonly<Record<string, T>>} table
 * @param {string} key
 * @returns {Readonly<Record<string, T>>}
 */
export function without(table, key) {
  const { [key]: _, ...rest } = table;
  return rest;
}
