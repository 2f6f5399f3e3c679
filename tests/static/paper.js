/** As much of a document as the views need to be read in a test; nothing is laid out. */

class Node extends EventTarget {
  /** @type {Node | null} */
  parentElement = null;
  text = "";

  get textContent() {
    return this.text;
  }
}

class Text extends Node {
  /** @param {string} text */
  constructor(text) {
    super();
    this.text = text;
  }
}

class Element extends Node {
  /** @type {Map<string, string>} */
  attributes = new Map();
  /** @type {Record<string, string>} */
  dataset = {};
  /** @type {Node[]} */
  childNodes = [];

  /** @param {string} tag */
  constructor(tag) {
    super();
    this.tag = tag;
  }

  get children() {
    return this.childNodes.filter((node) => node instanceof Element);
  }

  get textContent() {
    return this.childNodes.map((node) => node.textContent).join("");
  }

  set textContent(text) {
    this.replaceChildren(...(text ? [text] : []));
  }

  get hidden() {
    return this.attributes.has("hidden");
  }

  set hidden(is) {
    if (is) this.attributes.set("hidden", "");
    else this.attributes.delete("hidden");
  }

  get className() {
    return this.attributes.get("class") ?? "";
  }

  set className(names) {
    this.attributes.set("class", names);
  }

  classList = {
    toggle: (/** @type {string} */ name, /** @type {boolean} */ is) => {
      const others = this.className.split(" ").filter((one) => one && one !== name);
      this.className = [...others, ...(is ? [name] : [])].join(" ");
    },
  };

  /** @param {string} name */
  getAttribute(name) {
    return this.attributes.get(name) ?? null;
  }

  /** @param {string} name @param {string} value */
  setAttribute(name, value) {
    this.attributes.set(name, value);
  }

  /** @param {string} selector Of a class. @returns {any} */
  querySelector(selector) {
    return ofClass(this, selector.slice(1))[0] ?? null;
  }

  /** @param {unknown} node */
  contains(node) {
    return node === this || all(this, (one) => one === node).length > 0;
  }

  scrollIntoView() {}

  /** @param {...(Node | string)} nodes */
  replaceChildren(...nodes) {
    this.childNodes = nodes.map((node) => (node instanceof Node ? node : new Text(node)));
    for (const node of this.childNodes) node.parentElement = this;
  }

  /** @param {...(Node | string)} nodes */
  append(...nodes) {
    this.replaceChildren(...this.childNodes, ...nodes);
  }
}

Object.assign(globalThis, {
  Node,
  document: Object.assign(new EventTarget(), {
    documentElement: {},
    createElement: (/** @type {string} */ tag) => new Element(tag),
  }),
});

/**
 * @param {any} element
 * @param {(one: any) => boolean} isSought
 * @returns {any[]} Those within it, whether hidden or not.
 */
export function all(element, isSought) {
  return element.children.flatMap((/** @type {any} */ one) => [
    ...(isSought(one) ? [one] : []),
    ...all(one, isSought),
  ]);
}

/** @param {any} element @param {string} role */
export const ofRole = (element, role) => all(element, (one) => one.getAttribute("role") === role)[0];

/** @param {any} element @param {string} name */
export const ofClass = (element, name) =>
  all(element, (one) => one.className.split(" ").includes(name));
