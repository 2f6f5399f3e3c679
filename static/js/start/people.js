/** Who gets a link: pure functions. */

/**
 * @typedef {import("./doors.js").Link} Link
 * @typedef {{seat: string | null, name: string | null, isMine: boolean, link: Link | null}} Person
 *   `seat` null: the room microphone. `link` null: none was made for now.
 * @typedef {{seat: string, name?: string | null, microphone?: string}} Place
 */

/** @param {readonly Link[]} links Of a new interview. @param {string | null} mine */
export function peopleWithLinks(links, mine) {
  return links.map((link) => ({
    seat: link.seat ?? null,
    name: link.name ?? null,
    isMine: link.seat !== null && link.seat === mine,
    link,
  }));
}

/** @param {readonly Place[]} places @returns {Person[]} Nobody has a link yet. */
export function peopleWithoutLinks(places) {
  /** @type {Person[]} */
  const people = places.map(({ seat, name }) => ({
    seat,
    name: name || null,
    isMine: false,
    link: null,
  }));
  if (places.some((place) => place.microphone === "room")) {
    people.push({ seat: null, name: null, isMine: false, link: null });
  }
  return people;
}

/**
 * @param {readonly Person[]} people
 * @param {string | null} seat
 * @param {Link} link
 * @returns {Person[]} With the link of that seat.
 */
export function withLink(people, seat, link) {
  return people.map((one) => (one.seat === seat ? { ...one, link } : one));
}

/** @param {{people: readonly Person[]}} links In the order of the seats, the microphone last. */
export function peopleOf({ people }) {
  const rank = (/** @type {Person} */ one) => one.seat ?? "\uffff";
  return [...people].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/** @param {readonly Person[]} people Whether phones can come in. */
export function hasQr(people) {
  return people.some((one) => one.link?.qr);
}
