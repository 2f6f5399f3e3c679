/** The interview that is being put together: pure functions on a value. */

/**
 * @typedef {"own" | "room" | "none"} Microphone
 * @typedef {{seat: string, name: string, microphone: Microphone}} Place
 * @typedef {{title: string, job: string, places: readonly Place[], me: string | null,
 *   isHeard: boolean}} Draft `me`: the interviewer's seat of whoever fills this in; null: only
 *   operator. `isHeard`: everybody is sent the others' voices.
 * @typedef {"면접관" | "지원자"} Kind
 */

export const MICROPHONES = /** @type {const} */ (["own", "room", "none"]);
export const MOST = 3;
/** @type {readonly Kind[]} */
export const KINDS = ["면접관", "지원자"];

/** @returns {Draft} One interviewer, who fills this in, and one applicant. */
export function newDraft() {
  return {
    title: "",
    job: "",
    places: [newPlace("면접관_1"), newPlace("지원자_1")],
    me: "면접관_1",
    isHeard: true,
  };
}

/** @param {string} seat @returns {Place} */
function newPlace(seat) {
  return { seat, name: "", microphone: "own" };
}

/** @param {Draft} draft @param {Kind} kind */
export function placesOf(draft, kind) {
  return draft.places.filter((place) => place.seat.startsWith(kind));
}

/** @param {Draft} draft @param {Kind} kind @returns {Draft} With one more of that kind. */
export function withPlace(draft, kind) {
  const there = placesOf(draft, kind);
  if (there.length >= MOST) return draft;
  return renumbered(draft, [...draft.places, newPlace(`${kind}_${there.length + 1}`)]);
}

/**
 * @param {Draft} draft
 * @param {string} seat
 * @returns {Draft} Without that seat; those after it move up. The last of its kind stays.
 */
export function withoutPlace(draft, seat) {
  const kind = KINDS.find((name) => seat.startsWith(name)) ?? "지원자";
  if (placesOf(draft, kind).length <= 1) return draft;
  return renumbered(
    draft,
    draft.places.filter((place) => place.seat !== seat),
  );
}

/** @param {Draft} draft @param {string} seat @param {Partial<Place>} change @returns {Draft} */
export function changed(draft, seat, change) {
  return {
    ...draft,
    places: draft.places.map((place) => (place.seat === seat ? { ...place, ...change } : place)),
  };
}

/**
 * @param {Draft} draft
 * @param {readonly Place[]} places
 * @returns {Draft} Interviewers first, counted from 1; `me` stays the same person.
 */
function renumbered(draft, places) {
  /** @type {Map<string, string>} */
  const moved = new Map();
  const numbered = KINDS.flatMap((kind) =>
    places
      .filter((place) => place.seat.startsWith(kind))
      .map((place, index) => {
        moved.set(place.seat, `${kind}_${index + 1}`);
        return { ...place, seat: `${kind}_${index + 1}` };
      }),
  );
  return { ...draft, places: numbered, me: draft.me && (moved.get(draft.me) ?? null) };
}

/** @param {Draft} draft What `POST …/session` takes. */
export function body(draft) {
  return {
    title: draft.title.trim(),
    job: draft.job.trim(),
    seats: draft.places.map(({ seat, name, microphone }) =>
      name.trim() ? { seat, name: name.trim(), microphone } : { seat, microphone },
    ),
    hear_each_other: draft.isHeard,
    ...(draft.me ? { operator_seat: draft.me } : {}),
  };
}
