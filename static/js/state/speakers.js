/** Who speaks in a line, and what the voices of a session are called. Pure. */

import { sureness } from "../confidence.js";
import { isByPerson } from "./rulings.js";

/**
 * @typedef {import("../state.js").State} State
 * @typedef {object} Speaker
 * @property {string | null} voice What it is after merging; null: no voice is known.
 * @property {string | null} seat Null: 미확인.
 * @property {string} letter Of a voice without a seat; empty: it has none.
 * @property {import("../confidence.js").Sureness} sureness
 */

/** @param {State} state @param {string | null} voice @returns {string | null} After merging. */
export const voiceOf = (state, voice) => (voice === null ? null : (state.rulings.merged[voice] ?? voice));

/**
 * @param {State} state
 * @param {string | null} heard
 * @param {number} confidence
 * @returns {Speaker}
 */
export function speaker(state, heard, confidence) {
  const voice = voiceOf(state, heard);
  const seat = voice === null ? null : (state.voices[voice] ?? null);
  const letter = seat === null ? letterOf(state.found, voice) : "";
  return { voice, seat, letter, sureness: sureness(confidence, seat !== null) };
}

/** @param {State} state @param {import("./lines.js").Caption} line @returns {Speaker} */
export const speakerOfLine = (state, line) => speaker(state, line.voice, line.voice_confidence);

/** @param {readonly string[]} found @param {string | null} voice @returns {string} A, B, … */
export function letterOf(found, voice) {
  const place = voice === null ? -1 : found.indexOf(voice);
  return place < 0 ? "" : String.fromCharCode("A".charCodeAt(0) + (place % 26));
}

/** @param {State} state @returns {Map<string, number>} Voice → how many lines are its. */
export function counts(state) {
  /** @type {Map<string, number>} */
  const found = new Map();
  for (const line of state.lines) {
    const voice = line.kind === "caption" ? voiceOf(state, line.voice) : null;
    if (voice !== null) found.set(voice, (found.get(voice) ?? 0) + 1);
  }
  return found;
}

/** @param {State} state @returns {Set<string>} Voices of own microphones: their seats are sure. */
export function ownVoices(state) {
  const own = state.facts.filter(
    (fact) => fact.type === "voice_assigned" && fact.reason === "own_microphone" && !isByPerson(fact),
  );
  return new Set(own.map((fact) => ("voice" in fact ? String(fact.voice) : "")));
}

/**
 * @param {State} state
 * @returns {{voice: string, letter: string, count: number}[]} Voices that wait for a name.
 */
export function unnamed(state) {
  const lines = counts(state);
  return state.found.flatMap((voice) => {
    const count = lines.get(voice) ?? 0;
    return count === 0 || state.voices[voice] ? [] : [{ voice, letter: letterOf(state.found, voice), count }];
  });
}
