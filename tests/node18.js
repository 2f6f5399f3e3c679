/** Debian 12's Node 18 has these, though not under their global names. To go with Debian 12. */

import { webcrypto } from "node:crypto";

if (!("crypto" in globalThis)) Object.defineProperty(globalThis, "crypto", { value: webcrypto });
if (!("CustomEvent" in globalThis)) {
  class CustomEvent extends Event {
    /** @param {string} type @param {CustomEventInit} [options] */
    constructor(type, options = {}) {
      super(type, options);
      this.detail = options.detail ?? null;
    }
  }
  Object.defineProperty(globalThis, "CustomEvent", { value: CustomEvent });
}
