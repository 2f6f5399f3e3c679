/**
 * What the corrections of a session add up to, as the server folds them: a person's word beats a
 * machine's whatever the order, the latest counts, and what was retracted never was. Pure.
 */

/**
 * @typedef {import("../messages.js").VoiceAssigned | import("../messages.js").SegmentVoiced
 *   | import("../messages.js").SegmentSplit | import("../messages.js").VoicesMerged
 *   | import("../messages.js").SegmentEdited | import("../messages.js").NoteEdited
 *   | import("../messages.js").Retracted} Fact
 *
 * @typedef {object} Rulings
 * @property {Readonly<Record<string, string | null>>} voices Voice → seat, after merging.
 * @property {Readonly<Record<string, string>>} merged Voice → the voice that it was all along.
 * @property {Readonly<Record<string, import("../messages.js").SegmentVoiced>>} voiced By segment.
 * @property {Readonly<Record<string, import("../messages.js").SegmentSplit>>} splits By segment.
 * @property {Readonly<Record<string, string>>} texts By segment: what a person says was said.
 * @property {Readonly<Record<number, string>>} notes By the seq of the note: what it says now.
 * @property {ReadonlySet<number>} retracted The seqs of what never was.
 */

/** @type {Rulings} */
export const NO_RULINGS = {
  voices: {},
  merged: {},
  voiced: {},
  splits: {},
  texts: {},
  notes: {},
  retracted: new Set(),
};

/** @param {{by: string}} fact */
export const isByPerson = ({ by }) => by !== "system";

/** @param {readonly Fact[]} facts In the order of the journal. @returns {Rulings} */
export function rulings(facts) {
  const retracted = retractedBy(facts);
  const standing = facts.filter(({ seq }) => !retracted.has(seq));
  const merged = mergedBy(ruling(standing, "voices_merged", ({ voice }) => voice));
  const assigned = byKey(ruling(standing, "voice_assigned", ({ voice }) => voice));
  /** @type {Record<string, string | null>} */
  const voices = {};
  for (const [voice, { seat }] of assigned) voices[voice] = seat;
  for (const [voice, into] of Object.entries(merged)) voices[voice] = assigned.get(into)?.seat ?? null;
  const edited = ruling(standing, "segment_edited", ({ segment }) => segment);
  const notes = ruling(standing, "note_edited", ({ of }) => String(of));
  return {
    voices,
    merged,
    voiced: Object.fromEntries(byKey(ruling(standing, "segment_voiced", ({ segment }) => segment))),
    splits: Object.fromEntries(byKey(ruling(standing, "segment_split", ({ segment }) => segment))),
    texts: Object.fromEntries(edited.map(({ key, fact }) => [key, fact.text])),
    notes: Object.fromEntries(notes.map(({ key, fact }) => [key, fact.note])),
    retracted,
  };
}

/** @param {readonly Fact[]} facts @returns {Set<number>} */
function retractedBy(facts) {
  /** @type {Set<number>} */
  const retracted = new Set();
  // From the end: what retracts comes later than what it retracts.
  for (let place = facts.length - 1; place >= 0; place -= 1) {
    const fact = facts[place];
    if (fact?.type === "retracted" && !retracted.has(fact.seq)) retracted.add(fact.of);
  }
  return retracted;
}

/**
 * The fact that counts of each key: the latest of a person, else the latest of the machine.
 *
 * @template {Fact["type"]} T
 * @param {readonly Fact[]} facts
 * @param {T} type
 * @param {(fact: Extract<Fact, {type: T}>) => string} keyOf
 * @returns {{key: string, fact: Extract<Fact, {type: T}>}[]} In the order of the journal.
 */
function ruling(facts, type, keyOf) {
  /** @type {Map<string, Extract<Fact, {type: T}>>} */
  const counting = new Map();
  for (const one of facts) {
    if (one.type !== type) continue;
    const fact = /** @type {Extract<Fact, {type: T}>} */ (one);
    const key = keyOf(fact);
    const before = counting.get(key);
    if (before && isByPerson(before) && !isByPerson(fact)) continue;
    counting.set(key, fact);
  }
  return [...counting]
    .map(([key, fact]) => ({ key, fact }))
    .sort((one, other) => one.fact.seq - other.fact.seq);
}

/**
 * @template F
 * @param {{key: string, fact: F}[]} rules
 * @returns {Map<string, F>}
 */
const byKey = (rules) => new Map(rules.map(({ key, fact }) => [key, fact]));

/**
 * @param {{key: string, fact: import("../messages.js").VoicesMerged}[]} merges
 * @returns {Record<string, string>} Every merged voice → where its way ends.
 */
function mergedBy(merges) {
  /** @type {Map<string, string>} */
  const into = new Map();
  const end = (/** @type {string} */ voice) => {
    let last = voice;
    for (let next = into.get(last); next !== undefined; next = into.get(last)) last = next;
    return last;
  };
  for (const { key, fact } of merges) {
    // Two voices cannot each have been the other: what would close a ring is passed over.
    if (end(fact.into) !== key) into.set(key, fact.into);
  }
  return Object.fromEntries([...into.keys()].map((voice) => [voice, end(voice)]));
}
