/** Makes elements. Words go in as text, never as markup. */

/**
 * @typedef {string | number | Node | null | undefined | false} Child
 * @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Properties
 *   `class`, attributes (true: present, false and null: absent), and `onclick`-like listeners.
 */

/**
 * Returns a new element.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Properties} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, String(value));
    }
  }
  fill(element, ...children);
  return element;
}

/** @param {Element} element @param {...Child} children Replaces what the element holds. */
export function fill(element, ...children) {
  element.replaceChildren(
    ...children
      .filter((child) => child !== null && child !== undefined && child !== false)
      .map((child) => (child instanceof Node ? child : String(child))),
  );
}

/** @param {Element} element @param {string} text Changes it only when it differs: no flicker. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Tells whoever is above what a person wants.
 *
 * @param {Element} element
 * @param {string} intent
 * @param {unknown} [detail]
 */
export function tell(element, intent, detail = null) {
  element.dispatchEvent(new CustomEvent(intent, { bubbles: true, detail }));
}

/** @param {string} id @returns {HTMLElement} The element of the page; missing is a bug. */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

/**
 * Asks before something that cannot be undone. Resolves to whether the person agreed.
 *
 * @param {{title: string, text: string, agree: string, refuse: string, isDangerous?: boolean}} question
 * @returns {Promise<boolean>}
 */
export function confirmed({ title, text, agree, refuse, isDangerous = false }) {
  const dialog = h(
    "dialog",
    { class: "question", "aria-labelledby": "question-title" },
    h("h2", { id: "question-title" }, title),
    h("p", {}, text),
    h(
      "form",
      { method: "dialog", class: "row end" },
      h("button", { value: "", autofocus: true }, refuse),
      h("button", { value: "yes", class: isDangerous ? "danger" : "primary" }, agree),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}
