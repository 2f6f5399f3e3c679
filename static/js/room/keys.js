/** Keys that work anywhere in the room. By position, so that they work in Korean input too. */

/**
 * @param {{code: string, key: string, altKey: boolean, ctrlKey: boolean, metaKey: boolean,
 *   shiftKey: boolean, isComposing: boolean}} event
 * @param {boolean} isTyping Whether a field has the focus.
 * @returns {{do: "note" | "mute" | "sound"} | {do: "seat", number: number} | null}
 */
export function shortcut(event, isTyping) {
  if (event.ctrlKey || event.metaKey || event.isComposing) return null;
  if (event.altKey) {
    const number = digit(event.code);
    return number ? { do: "seat", number } : null;
  }
  if (isTyping) return null;
  const number = plainDigit(event);
  if (number) return { do: "seat", number };
  if (event.key === "/" || event.code === "KeyN") return { do: "note" };
  if (event.code === "KeyM") return { do: "mute" };
  if (event.code === "KeyS") return { do: "sound" };
  return null;
}

/**
 * Not with Shift, and not on a number pad that moves the cursor.
 *
 * @param {{code: string, key: string, shiftKey: boolean}} event
 * @returns {number | null}
 */
function plainDigit({ code, key, shiftKey }) {
  if (shiftKey || (code.startsWith("Numpad") && !/^[0-9]$/.test(key))) return null;
  return digit(code);
}

/** @param {string} code @returns {number | null} 1 to 6. */
export function digit(code) {
  const match = /^(?:Digit|Numpad)([1-6])$/.exec(code);
  return match ? Number(match[1]) : null;
}

/** @param {EventTarget | null} target @returns {boolean} Whether it takes typed characters. */
export function isTypingIn(target) {
  if (!(target instanceof HTMLElement)) return false;
  return target.matches("textarea, select, input:not([type=radio], [type=checkbox])");
}
