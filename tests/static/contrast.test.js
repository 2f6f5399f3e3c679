/** Everything that is read has contrast AA in both schemes (WCAG 2.2, 1.4.3 and 1.4.11). */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const CSS = readFileSync(new URL("../../static/style/base.css", import.meta.url), "utf8");
const PAIR = /--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g;
const COLOURS = new Map(
  [...CSS.matchAll(PAIR)].map(([, name, light, dark]) => [
    String(name),
    { light: String(light), dark: String(dark) },
  ]),
);
const GROUNDS = ["paper", "card", "soft"];
const TEXTS = ["ink", "quiet", "accent", "good", "warn", "bad"];
const VOICES = ["1", "2", "3", "4", "5", "6", "unknown"].map((seat) => `voice-${seat}`);
const SCHEMES = /** @type {const} */ (["light", "dark"]);

/** @param {string} colour `#rrggbb` @returns {number} Relative luminance (WCAG 2.2). */
function luminance(colour) {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** @param {string} one @param {string} other @param {"light" | "dark"} scheme */
function contrast(one, other, scheme) {
  const [bright = 0, dim = 0] = [one, other]
    .map((name) => {
      const colour = COLOURS.get(name);
      assert.ok(colour, `base.css has no --${name}`);
      return luminance(colour[scheme]);
    })
    .sort((a, b) => b - a);
  return (bright + 0.05) / (dim + 0.05);
}

for (const scheme of SCHEMES) {
  for (const text of [...TEXTS, ...VOICES]) {
    test(`${text} can be read on every ground, ${scheme}`, () => {
      for (const ground of GROUNDS) {
        const ratio = contrast(text, ground, scheme);
        assert.ok(ratio >= 4.5, `${text} on ${ground}: ${ratio.toFixed(2)}`);
      }
    });
  }
  test(`words on filled buttons can be read, ${scheme}`, () => {
    assert.ok(contrast("on-accent", "accent", scheme) >= 4.5);
    assert.ok(contrast("on-bad", "bad", scheme) >= 4.5);
  });
  test(`the edge of a control can be seen, ${scheme}`, () => {
    assert.ok(contrast("control", "card", scheme) >= 3);
    assert.ok(contrast("control", "paper", scheme) >= 3);
  });
}
