/** The start page: interviews being put together, their people, and what links say. */

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  body,
  changed,
  newDraft,
  placesOf,
  withoutPlace,
  withPlace,
} from "../../static/js/start/draft.js";
import { counts, namesOf, newGroup, withPage } from "../../static/js/start/listing.js";
import {
  hasQr,
  peopleOf,
  peopleWithLinks,
  peopleWithoutLinks,
  withLink,
} from "../../static/js/start/people.js";
import { claims, destination } from "../../static/js/start/rights.js";

/** @param {import("../../static/js/start/draft.js").Draft} draft */
const seats = (draft) => draft.places.map((place) => place.seat);

/** @param {unknown} told @returns {string} A token that says so; its signature is nobody's. */
const token = (told) => `head.${Buffer.from(JSON.stringify(told)).toString("base64url")}.sign`;

/** @param {string | null} seat @returns {import("../../static/js/start/doors.js").Link} */
const link = (seat) => ({ role: null, seat, name: null, token: "t", url: null, qr: null });

/** @typedef {import("../../static/js/start/doors.js").SessionInfo} SessionInfo */

/** @param {string} session @param {Partial<SessionInfo>} [more] @returns {SessionInfo} */
const info = (session, more = {}) => ({
  session,
  created_wall: 1,
  last_wall: 1,
  is_closed: true,
  is_erased: false,
  ...more,
});

test("a new interview has one interviewer, who arranges it, and one applicant", () => {
  assert.deepEqual(body(newDraft()), {
    title: "",
    job: "",
    seats: [
      { seat: "면접관_1", microphone: "own" },
      { seat: "지원자_1", microphone: "own" },
    ],
    hear_each_other: true,
    operator_seat: "면접관_1",
  });
});

test("people who sit together are not made to hear each other from their devices", () => {
  assert.equal(body({ ...newDraft(), isHeard: false }).hear_each_other, false);
});

test("there are at most three of a kind, interviewers first", () => {
  let draft = withPlace(newDraft(), "지원자");
  for (let more = 0; more < 5; more += 1) draft = withPlace(draft, "면접관");
  assert.deepEqual(seats(draft), ["면접관_1", "면접관_2", "면접관_3", "지원자_1", "지원자_2"]);
});

test("the last interviewer and the last applicant stay", () => {
  const draft = withoutPlace(withoutPlace(newDraft(), "지원자_1"), "면접관_1");
  assert.deepEqual(seats(draft), ["면접관_1", "지원자_1"]);
});

test("when somebody is taken out those behind move up with their names", () => {
  let draft = withPlace(withPlace(newDraft(), "지원자"), "지원자");
  draft = changed(draft, "지원자_3", { name: "셋", microphone: "room" });
  draft = withoutPlace(draft, "지원자_2");
  assert.deepEqual(placesOf(draft, "지원자"), [
    { seat: "지원자_1", name: "", microphone: "own" },
    { seat: "지원자_2", name: "셋", microphone: "room" },
  ]);
});

test("whoever arranges it keeps their seat when it moves up", () => {
  const draft = { ...withPlace(newDraft(), "면접관"), me: "면접관_2" };
  assert.equal(withoutPlace(draft, "면접관_1").me, "면접관_1");
});

test("whoever takes out their own seat is only operator", () => {
  const draft = withoutPlace(withPlace(newDraft(), "면접관"), "면접관_1");
  assert.equal(draft.me, null);
  assert.ok(!("operator_seat" in body(draft)));
});

test("blanks around names and titles are not sent", () => {
  const draft = changed({ ...newDraft(), title: " 면접 " }, "지원자_1", { name: "  이도윤 " });
  assert.equal(body(draft).title, "면접");
  assert.deepEqual(body(draft).seats[1], { seat: "지원자_1", name: "이도윤", microphone: "own" });
});

test("a link says its session and roles, Hangul included", () => {
  const told = { session: "면접-7", roles: ["applicant"], name: "이도윤" };
  assert.deepEqual(claims(token(told)), { session: "면접-7", roles: ["applicant"] });
});

test("what is no link of ours says nothing", () => {
  for (const wrong of [null, "", "a.b.c", "a.%%%.c", token({ roles: [] }), token(null)]) {
    assert.equal(claims(wrong), null);
  }
});

test("a seat's link leads to its room, an operator's to the list", () => {
  assert.deepEqual(destination(token({ session: "s", roles: ["applicant"] })), {
    kind: "room",
    session: "s",
  });
  assert.deepEqual(destination(token({ session: "s", roles: ["interviewer", "operator"] })), {
    kind: "one",
    session: "s",
  });
  assert.deepEqual(destination(token({ session: "*", roles: ["operator"] })), { kind: "manage" });
  assert.deepEqual(destination(null), { kind: "manage" });
});

test("only the seat of whoever arranges it is mine, and the room microphone never", () => {
  const links = [link("면접관_1"), link("지원자_1"), link(null)];
  assert.deepEqual(
    peopleWithLinks(links, "면접관_1").map((one) => one.isMine),
    [true, false, false],
  );
  assert.ok(peopleWithLinks(links, null).every((one) => !one.isMine));
});

test("a session with a room microphone offers one link for it, after the people's", () => {
  const people = peopleWithoutLinks([
    { seat: "지원자_1", microphone: "room" },
    { seat: "면접관_1", name: "김하늘", microphone: "room" },
  ]);
  assert.deepEqual(
    peopleOf({ people }).map((one) => one.seat),
    ["면접관_1", "지원자_1", null],
  );
});

test("a link made later belongs to its seat only", () => {
  const people = withLink(
    peopleWithoutLinks([{ seat: "면접관_1" }, { seat: "지원자_1" }]),
    "지원자_1",
    { ...link("지원자_1"), qr: "data:image/svg+xml," },
  );
  assert.equal(people[0]?.link, null);
  assert.equal(people[1]?.link?.seat, "지원자_1");
  assert.ok(hasQr(people));
});

test("erased sessions are not shown and the next page begins after them", () => {
  const erased = info("b", { is_erased: true, created_wall: 5 });
  const group = withPage(newGroup(), [info("a"), erased], 2);
  assert.deepEqual(
    group.items.map((one) => one.session),
    ["a"],
  );
  assert.equal(group.last, erased);
  assert.ok(group.hasMore);
});

test("a session that came with two pages is shown once, and a short page is the last", () => {
  const group = withPage(withPage(newGroup(), [info("a"), info("b")], 2), [info("b")], 2);
  assert.equal(group.items.length, 2);
  assert.ok(!group.hasMore);
});

test("people without names are counted", () => {
  const one = info("a", {
    seats: [{ seat: "면접관_1", name: "김하늘" }, { seat: "지원자_1", name: null }, { seat: "지원자_2" }],
  });
  assert.deepEqual(namesOf(one), ["김하늘"]);
  assert.deepEqual(counts(one), { interviewers: 1, applicants: 2 });
});
