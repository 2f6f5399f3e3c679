/** What the views are shown. State goes down as a `Scene`, intents come up as CustomEvents. */

/**
 * @typedef {"operator" | "interviewer" | "applicant" | "observer" | "microphone"} Role
 *
 * @typedef {object} Join What the server tells a link's owner.
 * @property {string} session
 * @property {string} title
 * @property {string} job
 * @property {"live" | "ending" | "review" | "erased"} life
 * @property {Role} role
 * @property {Role[]} roles
 * @property {string | null} seat
 * @property {string | null} name
 * @property {"own" | "room" | "none"} microphone
 * @property {"given" | "required" | "external"} consent
 * @property {boolean} keep_audio Whether their consent includes that their voice is kept.
 * @property {number} keep_audio_days For so long after the interview; 0: nobody's is.
 * @property {import("../state.js").Seat[]} seats
 * @property {RTCIceServer[]} ice_servers
 * @property {boolean} [listens] Whether this person is sent the others' voices.
 * @property {number} now Session seconds.
 *
 * @typedef {import("../microphone/microphone.js").Microphone} Microphone
 *
 * @typedef {"no" | "waiting" | "sending" | "sent" | "failed"} Resending Sound that the server missed
 *   and the page kept: being gathered, on its way, there (for some seconds), or lost after all.
 *
 * @typedef {object} Own What concerns this page's own person.
 * @property {boolean} hasMicrophone
 * @property {boolean} isMuted
 * @property {string | null} lost Why the microphone gives nothing: unplugged, denied, interrupted.
 * @property {boolean} hasWithdrawn
 * @property {Resending} resending
 *
 * @typedef {object} Line How this page is connected.
 * @property {import("../connection/connection.js").Phase} phase
 * @property {string | null} code Why it stopped.
 * @property {"peer" | "socket" | null} door
 * @property {string | null} reason Why there is no peer connection.
 * @property {boolean} isSuspect It is open, but nothing has come for some seconds.
 *
 * @typedef {object} Scene
 * @property {import("../state.js").State} state
 * @property {Join} join
 * @property {Own} own
 * @property {Line} link
 * @property {{readonly isOn: boolean, readonly isBlocked: boolean} | null} sound The others' voices;
 *   null: there are none to hear.
 * @property {readonly import("./notekeeper.js").Unsaved[]} unsaved
 * @property {number} now_s This machine's clock.
 *
 * @typedef {{element: HTMLElement, show: (scene: Scene) => void}} View
 */

/** @param {Join} join @param {Role} role */
export const isAlso = (join, role) => (join.roles ?? [join.role]).includes(role);

/** @param {Join} join @returns {boolean} Whether notes and evaluations are theirs to see. */
export const isDirecting = (join) => isAlso(join, "operator") || isAlso(join, "interviewer");

/** @param {Scene} scene @returns {boolean} Whether the server hears this person's microphone now. */
export const isHeard = ({ link, own }) =>
  link.door === "peer" && own.hasMicrophone && !own.isMuted && own.lost === null;
