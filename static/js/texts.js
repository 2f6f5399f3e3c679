/** The language of the page. Every word people read comes from a dictionary in `texts/`. */

const KEY = "language";

/** @typedef {"ko" | "en"} Language */

/** @returns {Language} Korean unless the person chose otherwise. */
export function language() {
  try {
    return localStorage.getItem(KEY) === "en" ? "en" : "ko";
  } catch {
    return "ko"; // Storage is forbidden in some private windows.
  }
}

/** Keeps the choice and shows the page anew in it. @param {Language} chosen */
export function setLanguage(chosen) {
  try {
    localStorage.setItem(KEY, chosen);
  } catch {
    // Then it lasts as long as the page.
  }
  document.documentElement.lang = chosen;
  document.dispatchEvent(new CustomEvent("languagechange"));
}

/**
 * Returns a function from a key to its words; `{name}` in them is replaced by `values.name`.
 *
 * @template {string} K
 * @param {Record<K, string>} ko
 * @param {Record<NoInfer<K>, string>} en
 * @returns {(key: K, values?: Record<string, string | number>) => string}
 */
export function dictionary(ko, en) {
  return (key, values = {}) => {
    const words = (language() === "ko" ? ko : en)[key];
    return words.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
  };
}

/** @returns {HTMLButtonElement} The switch to the other language, named in that language. */
export function languageSwitch() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.id = "language";
  const show = () => {
    const other = language() === "ko" ? "en" : "ko";
    button.textContent = other === "en" ? "English" : "한국어";
    button.lang = other;
  };
  button.addEventListener("click", () => {
    setLanguage(language() === "ko" ? "en" : "ko");
    show();
  });
  show();
  return button;
}

// Tests of pure modules run where there is no page.
if (typeof document !== "undefined") document.documentElement.lang = language();
