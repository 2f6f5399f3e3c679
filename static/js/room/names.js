/** Names and titles inside sentences that are text only; elsewhere they stand in a `bdi`. */

/** @param {string} text @returns {string} It keeps its direction, and the words beside it theirs. */
export const isolated = (text) => `\u2068${text}\u2069`;
