/** How sure the recognition has to be of a line before nobody is asked to check it. */

/** Of `text_confidence`; below it the words get a dotted line. */
export const LOW_CONFIDENCE = 0.6;
