/** Copies a field's text, and leaves it selected where the browser refuses. */

/**
 * @param {HTMLInputElement} field
 * @returns {Promise<boolean>} Whether it was copied; if not, it is selected for the person.
 */
export async function copyField(field) {
  try {
    // Not there at all on plain http of another machine.
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    field.focus();
    field.select();
    return false;
  }
}
