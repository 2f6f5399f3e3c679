"""From an offer to a person in the room: nobody enters before they are connected, or twice."""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from server import app as application
from server import decisions
from server.access import Principal, Role
from server.api import context, peers
from server.api.peer_line import PeerLine
from server.api.peers import MAX_EXPECTED, Peers
from server.api.visits import VisitState, Wanted
from server.attendance import Connection
from server.errors import JournalUnavailable
from server.hearing.feed import Feed
from server.media.frames import Frame
from server.media.peer import End, PeerConfig
from server.messages import Missed
from server.paths import SESSION
from server.room import Room
from tests.server.browsers import (
    INTERVIEWER,
    SUBSCRIBE,
    Browsers,
    asked,
    bearer,
    entered,
    post_offer,
    spoken,
    told,
    visit,
)
from tests.server.conftest import Client, Start, ask
from tests.server.media.clients import Client as Browser
from tests.server.media.clients import eventually
from tests.server.talk import APPLICANT, connect, create, events, room_of

MICROPHONE = Principal(frozenset({Role.MICROPHONE}), "s1", link="encoder")
Offer = Callable[..., Awaitable[tuple[Browser, dict[str, Any]]]]


@pytest.fixture
async def offer(client: Client) -> AsyncIterator[Offer]:
    """Let browsers offer and keep their answers for later; each is closed in the end."""
    browsers: list[Browser] = []

    async def offer(
        headers: dict[str, str], to: Client = client, **options: Any
    ) -> tuple[Browser, dict[str, Any]]:
        browsers.append(browser := Browser(**options))
        status, answer = await post_offer(to, headers, await browser.offer())
        assert status == 200, answer
        return browser, answer

    yield offer
    for browser in browsers:
        await browser.close()


async def follow(browser: Browser, answer: dict[str, Any]) -> None:
    await browser.take(answer["sdp"])


async def who_left(client: Client) -> list[str]:
    """Return whose leaving is written down, once somebody's is."""
    async with asyncio.timeout(10):
        while not (left := await events(client, kind="left")):  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.02)
    return [str(one["connection"]) for one in left]


async def is_over(client: Client, answer: dict[str, Any]) -> None:
    await eventually(lambda: visit(client, answer["connection"]) is None)


def peers_of(client: Client) -> Peers:
    assert client.app is not None
    found: Peers = client.app[context.PEERS]
    return found


async def subscribed(browser: Browser) -> None:
    await browser.say("interview", SUBSCRIBE)
    await told(browser, "caught_up")


async def goes_on(browser: Browser) -> None:
    """Check that a connection still converses."""
    refused = await asked(browser, {"type": "confirm_room"})
    assert refused["code"] == "forbidden"


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The connections whose sound reaches a track, by turns."""
    turns: list[str] = []
    hear = Feed.hear

    def note(feed: Feed, frame: Frame) -> None:
        if turns[-1:] != [feed.connection]:
            turns.append(feed.connection)
        hear(feed, frame)

    monkeypatch.setattr(Feed, "hear", note)
    return turns


async def test_an_offer_that_nobody_follows_leaves_no_trace(
    start: Start, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient = functools.partial(PeerConfig, connect_s=0.5)
    monkeypatch.setattr(application, "PeerConfig", impatient)
    client = await start()
    await connect(client)
    _, answer = await offer(bearer(client, APPLICANT), client, speaks=spoken())
    room = await room_of(client)
    assert (len(room.connections), list(room.held().tracks)) == (1, [])
    assert peers_of(client).expected == 1
    other = Browser()
    status, refused = await post_offer(client, bearer(client, APPLICANT), await other.offer())
    assert (status, refused["code"]) == (409, "seat_taken"), "the seat is reserved meanwhile"
    await is_over(client, answer)
    status, _ = await post_offer(client, bearer(client, APPLICANT), await other.offer())
    await other.close()
    assert status == 200, "and free afterwards"
    assert not any(one.get("seat") == APPLICANT for one in await events(client))
    assert not await events(client, kind="left")


async def test_who_is_connected_has_joined_under_the_promised_id(
    client: Client, offer: Offer
) -> None:
    await connect(client)
    browser, answer = await offer(bearer(client, APPLICANT), speaks=spoken())
    assert not [one for one in await events(client, kind="joined") if one["seat"] == APPLICANT]
    await follow(browser, answer)
    await entered(answer["connection"], client)
    joined = (await events(client, kind="joined"))[-1]
    assert (joined["seat"], joined["connection"]) == (APPLICANT, answer["connection"])
    assert (await room_of(client)).held().tracks.of(answer["connection"]) is not None


async def test_the_older_connection_goes_on_until_the_newer_one_is_heard(
    client: Client, browse: Browsers, offer: Offer, heard: list[str]
) -> None:
    await connect(client)
    headers = bearer(client, APPLICANT)
    older = await browse(headers=headers, speaks=spoken())
    await subscribed(older)
    await eventually(lambda: heard)
    newer, answer = await offer(headers, speaks=spoken())
    await goes_on(older)
    await follow(newer, answer)
    assert (await told(older, "error"))["code"] == "replaced"
    await entered(answer["connection"], client)
    await eventually(lambda: older.connection.connectionState == "closed")
    await is_over(client, {"connection": browse.connection})
    await eventually(lambda: heard[-1] == answer["connection"])
    assert heard == [browse.connection, answer["connection"]], "never both, and never back"
    parted = [one["connection"] for one in await events(client, kind="left")]
    assert parted == [browse.connection]


async def test_a_newer_microphone_without_sound_yet_does_not_cut_the_older_one_off(
    client: Client, browse: Browsers, offer: Offer, heard: list[str]
) -> None:
    await connect(client)
    headers = bearer(client, APPLICANT)
    await browse(headers=headers, speaks=spoken())
    await eventually(lambda: heard)
    newer, answer = await offer(headers, speaks=spoken())
    assert newer.microphone is not None
    newer.microphone.speaking.clear()
    await follow(newer, answer)
    await eventually(lambda: newer.connection.connectionState == "connected")
    coming = visit(client, answer["connection"])
    assert coming is not None
    await eventually(coming.line.connected.is_set)
    heard.clear()
    await eventually(lambda: heard)  # It had the time to take over.
    heard.clear()
    await eventually(lambda: heard)
    assert coming.state is VisitState.EXPECTED
    assert (await room_of(client)).held().tracks.of(browse.connection) is not None
    newer.microphone.speaking.set()
    await entered(answer["connection"], client)
    await eventually(lambda: heard == [browse.connection, answer["connection"]])


async def test_a_microphone_that_stays_silent_takes_over_all_the_same(
    client: Client, browse: Browsers, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "FIRST_SOUND_S", 0.1)
    await connect(client)
    headers = bearer(client, APPLICANT)
    older = await browse(headers=headers, speaks=spoken())
    await subscribed(older)
    newer, answer = await offer(headers, speaks=spoken())
    assert newer.microphone is not None
    newer.microphone.speaking.clear()
    await follow(newer, answer)
    assert (await told(older, "error"))["code"] == "replaced"
    await entered(answer["connection"], client)


async def test_a_newer_connection_that_dies_before_its_first_sound_ends_no_other(
    client: Client,
    browse: Browsers,
    offer: Offer,
    heard: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peers, "FIRST_SOUND_S", 30.0)
    await connect(client)
    headers = bearer(client, APPLICANT)
    older = await browse(headers=headers, speaks=spoken())
    newer, answer = await offer(headers, speaks=spoken())
    assert newer.microphone is not None
    newer.microphone.speaking.clear()
    await follow(newer, answer)
    await eventually(lambda: newer.connection.connectionState == "connected")
    coming = visit(client, answer["connection"])
    assert coming is not None
    await eventually(coming.line.connected.is_set)
    await newer.close()
    await is_over(client, answer)
    await goes_on(older)
    heard.clear()
    await eventually(lambda: heard)
    assert heard == [browse.connection]
    joined = [one["connection"] for one in await events(client, kind="joined")]
    assert answer["connection"] not in joined


async def test_a_connection_that_dies_while_it_is_written_down_ends_no_other(
    client: Client, browse: Browsers, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connect(client)
    headers = bearer(client, APPLICANT)
    older = await browse(headers=headers, speaks=spoken())
    newer, answer = await offer(headers, speaks=spoken())
    room = await room_of(client)
    announce = room.announce

    async def announce_late(connection: Connection) -> None:
        await announce(connection)
        coming = visit(client, connection.id)
        assert coming is not None
        coming.line.on_end(End.LOST)

    monkeypatch.setattr(room, "announce", announce_late)
    await follow(newer, answer)
    await is_over(client, answer)
    await goes_on(older)
    assert room.held().tracks.of(browse.connection) is not None
    assert await who_left(client) == [answer["connection"]]


@pytest.mark.parametrize("is_older_first", [True, False])
async def test_of_two_offers_the_newer_one_wins_in_whatever_order_they_connect(
    client: Client, offer: Offer, heard: list[str], is_older_first: bool
) -> None:
    await connect(client)
    headers = bearer(client, APPLICANT)
    older, newer = [await offer(headers, speaks=spoken()) for _ in range(2)]
    for one in (older, newer) if is_older_first else (newer, older):
        await follow(*one)
        if is_older_first or one is newer:
            await entered(one[1]["connection"], client)
            await eventually(functools.partial(heard.__contains__, one[1]["connection"]))
    assert (await told(older[0], "error"))["code"] == "replaced"
    await is_over(client, older[1])
    await eventually(lambda: older[0].connection.connectionState == "closed")
    await goes_on(newer[0])
    turns = [older[1]["connection"], newer[1]["connection"]]
    assert heard == (turns if is_older_first else turns[1:])


async def test_two_offers_that_connect_at_once_leave_one_connection(
    client: Client, offer: Offer, heard: list[str]
) -> None:
    await connect(client)
    headers = bearer(client, APPLICANT)
    both = [await offer(headers, speaks=spoken()) for _ in range(2)]
    await asyncio.gather(*(follow(*one) for one in both))
    older, newer = both
    await is_over(client, older[1])
    await goes_on(newer[0])
    room = await room_of(client)
    seated = [one.id for one in room.connections.values() if one.principal.seat]
    assert seated == [newer[1]["connection"]]
    await eventually(lambda: heard[-1:] == [newer[1]["connection"]])
    assert len(heard) <= 2


async def test_who_connects_after_the_end_is_told_so(client: Client, offer: Offer) -> None:
    operator = await connect(client)
    browser, answer = await offer(bearer(client, APPLICANT), speaks=spoken())
    assert (await ask(operator, {"type": "session_end"}))["type"] == "session_ended"
    before = len(await events(client))
    await follow(browser, answer)
    assert (await told(browser, "error"))["code"] == "session_over"
    await eventually(lambda: browser.connection.connectionState == "closed")
    await is_over(client, answer)
    assert len(await events(client)) == before


async def test_consent_withdrawn_on_the_way_is_told_and_leaves_the_older_one_as_it_was(
    client: Client, browse: Browsers, offer: Offer
) -> None:
    await create(client)
    headers = bearer(client, APPLICANT)
    older = await browse(headers=headers)  # It only listens.
    await subscribed(older)
    assert (await asked(older, {"type": "consent"}))["type"] == "done"
    newer, answer = await offer(headers, speaks=spoken())
    assert (await asked(older, {"type": "withdraw_consent"}))["type"] == "done"
    await follow(newer, answer)
    assert (await told(newer, "error"))["code"] == "consent_required"
    await is_over(client, answer)
    await goes_on(older)
    assert [one["connection"] for one in await events(client, kind="joined")] == [browse.connection]


async def test_a_microphone_that_cannot_be_opened_leaves_the_older_one_heard(
    client: Client,
    browse: Browsers,
    offer: Offer,
    heard: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await connect(client)
    headers = bearer(client, APPLICANT)
    older = await browse(headers=headers, speaks=spoken())
    first_id = browse.connection
    newer, answer = await offer(headers, speaks=spoken())
    room = await room_of(client)

    async def fail(*_: object) -> Feed:
        raise JournalUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(room, "hear", fail)
        await follow(newer, answer)
        assert (await told(newer, "error"))["code"] == "journal_unavailable"
        await is_over(client, answer)
    assert await who_left(client) == [answer["connection"]]
    await goes_on(older)
    heard.clear()
    await eventually(lambda: heard)
    assert heard == [first_id]
    assert room.held().tracks.of(first_id) is not None


async def test_who_cannot_be_unmuted_for_a_newer_connection_goes_on_over_the_older_one(
    client: Client, browse: Browsers, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connect(client)
    headers = bearer(client, APPLICANT)
    older = await browse(headers=headers, speaks=spoken())
    assert (await asked(older, {"type": "mute", "is_muted": True}))["type"] == "done"
    newer, answer = await offer(headers, speaks=spoken())

    def fail(*_: object) -> None:
        raise JournalUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(decisions, "mute", fail)
        await follow(newer, answer)
        assert (await told(newer, "error"))["code"] == "journal_unavailable"
        await is_over(client, answer)
    assert (await asked(older, {"type": "mute", "is_muted": False}))["type"] == "done"
    await eventually((await room_of(client)).session.spoken.__len__)


async def test_a_bug_on_the_way_in_ends_that_connection_alone(
    client: Client, browse: Browsers, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await connect(client)
    headers = bearer(client, APPLICANT)
    older = await browse(headers=headers, speaks=spoken())
    newer, answer = await offer(headers, speaks=spoken())

    async def fail(*_: object) -> Feed:
        raise ArithmeticError

    monkeypatch.setattr(await room_of(client), "hear", fail)
    await follow(newer, answer)
    await is_over(client, answer)
    await eventually(lambda: newer.connection.connectionState == "closed")
    await goes_on(older)


async def test_who_connects_where_the_session_is_not_held_any_more_is_sent_away(
    client: Client, offer: Offer
) -> None:
    operator = await connect(client)
    browser, answer = await offer(bearer(client, APPLICANT), speaks=spoken())
    room: Room = await room_of(client)
    await operator.close()
    await eventually(lambda: not room.connections)
    room.ledger.deposed.set()
    await eventually(lambda: room.holding is None)
    await follow(browser, answer)
    assert (await told(browser, "error"))["code"] == "journal_unavailable"
    await is_over(client, answer)


async def test_who_connects_after_the_room_was_closed_is_sent_away(
    client: Client, offer: Offer
) -> None:
    await connect(client)
    browser, answer = await offer(bearer(client, APPLICANT), speaks=spoken())
    await (await room_of(client)).close()
    await follow(browser, answer)
    assert (await told(browser, "error"))["code"] == "shutting_down"
    await is_over(client, answer)


async def test_a_refused_client_without_channels_is_just_closed(
    client: Client, offer: Offer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.api.peer_line.OPENING_S", 0.2)
    operator = await connect(client)
    headers = bearer(client, APPLICANT)
    browser, answer = await offer(headers, speaks=spoken(), channels=())
    await ask(operator, {"type": "session_end"})
    await follow(browser, answer)
    await is_over(client, answer)
    await eventually(lambda: browser.connection.connectionState == "closed")


async def test_only_the_newest_offers_of_a_person_are_expected(
    client: Client, offer: Offer
) -> None:
    await connect(client)
    headers = bearer(client, APPLICANT)
    answers = [(await offer(headers))[1] for _ in range(MAX_EXPECTED + 1)]
    await is_over(client, answers[0])
    assert peers_of(client).expected == MAX_EXPECTED
    _, other = await offer(bearer(client, INTERVIEWER))
    assert visit(client, other["connection"]) is not None
    assert visit(client, answers[1]["connection"]) is not None


async def test_connections_on_their_way_count_as_connections(start: Start, offer: Offer) -> None:
    client = await start(max_connections=2)
    await connect(client)
    await offer(bearer(client, APPLICANT), client)
    late = Browser()
    status, answer = await post_offer(client, bearer(client, "지원자_2"), await late.offer())
    await late.close()
    assert (status, answer["code"]) == (503, "overloaded")


async def test_a_server_that_stops_does_not_wait_for_offers(client: Client, offer: Offer) -> None:
    await connect(client)
    await offer(bearer(client, APPLICANT), speaks=spoken())
    async with asyncio.timeout(5):
        await client.close()


async def test_a_connection_is_found_and_ended_by_its_person_alone(
    client: Client, browse: Browsers, offer: Offer
) -> None:
    await connect(client)
    browser = await browse(APPLICANT, speaks=spoken())
    found, expected = visit(client, browse.connection), (await offer(bearer(client, "지원자_2")))[1]
    assert found is not None
    mine, doors = found.principal, peers_of(client)
    assert doors.find(browse.connection, mine) is found
    with pytest.raises(Exception, match="somebody else's"):
        doors.find(expected["connection"], mine)
    with pytest.raises(Exception, match="somebody else's"):
        await doors.end(expected["connection"], mine)
    assert not await doors.end("nothing.000000", mine)
    assert await doors.end(browse.connection, mine)
    assert not await doors.end(browse.connection, mine)
    left = [one["connection"] for one in await events(client, kind="left")]
    assert left == [browse.connection]
    await eventually(lambda: browser.connection.connectionState == "closed")
    theirs = visit(client, expected["connection"])
    assert theirs is not None
    assert await doors.end(expected["connection"], theirs.principal), "also on its way"


async def test_only_the_page_that_lost_sound_is_asked_for_it(
    client: Client, browse: Browsers
) -> None:
    await connect(client)
    other = await browse("지원자_2", speaks=spoken())
    browser = await browse(APPLICANT, speaks=spoken())
    found = visit(client, browse.connection)
    assert found is not None
    found.line.ask(Missed(track=APPLICANT, start=1.0, end=2.0, now=2.5))
    asked_for = await told(browser, "missed")
    assert (asked_for["start"], asked_for["end"]) == (1.0, 2.0)
    assert 2.5 <= asked_for["now"] < 5, "the clock goes on until there is a channel"
    await goes_on(other)
    assert other.received.empty()


@pytest.mark.parametrize("can_resend", [True, False])
async def test_who_keeps_its_sound_can_be_asked_for_it(
    client: Client, offer: Offer, monkeypatch: pytest.MonkeyPatch, can_resend: bool
) -> None:
    await connect(client)
    room, ways = await room_of(client), list[object]()
    hear = room.hear

    async def note(*wanted: Any) -> Feed:
        ways.append(wanted[-1])
        return await hear(*wanted)

    monkeypatch.setattr(room, "hear", note)
    browser = Browser(speaks=spoken())
    body = {"sdp": await browser.offer(), "can_resend": can_resend}
    path, headers = f"{SESSION}/s1/offer", bearer(client, APPLICANT)
    answer = await (await client.post(path, json=body, headers=headers)).json()
    await follow(browser, answer)
    await entered(answer["connection"], client)
    await browser.close()
    assert [way is not None for way in ways] == [can_resend]


@pytest.mark.parametrize("has_sound", [True, False])
async def test_an_encoder_that_never_sends_sound_is_ended(
    client: Client, monkeypatch: pytest.MonkeyPatch, has_sound: bool
) -> None:
    monkeypatch.setattr(peers, "SPEECHLESS_S", 0.5)
    await connect(client)
    room, doors = await room_of(client), peers_of(client)
    assert await room.hold() is None
    encoder = Browser(speaks=spoken(), channels=())
    assert encoder.microphone is not None
    if not has_sound:
        encoder.microphone.speaking.clear()
    wanted = Wanted(await encoder.offer(), "room", None, is_whip=True)
    opened = await doors.open(wanted, room, MICROPHONE)
    await encoder.take(opened.sdp)
    await entered(opened.connection, client)
    found = visit(client, opened.connection)
    assert found is not None
    if has_sound:
        await found.line.sounded.wait()
        await asyncio.sleep(0.6)
        assert found.state is VisitState.ENTERED
    else:
        await asyncio.wait_for(found.is_over.wait(), 5)
    assert await doors.end(opened.connection, MICROPHONE) is has_sound
    await eventually(lambda: encoder.connection.connectionState == "closed")
    await encoder.close()


async def test_two_rooms_of_one_person_are_no_rivals(client: Client, browse: Browsers) -> None:
    await connect(client)
    await connect(client, "s2")
    anywhere = Principal(frozenset({Role.OPERATOR}), link="everywhere")
    doors, browsers = peers_of(client), [Browser(), Browser()]
    for browser, session in zip(browsers, ("s1", "s2"), strict=True):
        wanted, room = Wanted(await browser.offer(), "none", None), await room_of(client, session)
        assert await room.hold() is None
        opened = await doors.open(wanted, room, anywhere)
        await browser.take(opened.sdp)
        await entered(opened.connection, client)
    for browser in browsers:
        await subscribed(browser)
        await browser.close()


async def test_a_replaced_connection_that_takes_its_time_to_go_is_heard_no_more(
    client: Client, browse: Browsers, heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await connect(client)
    headers = bearer(client, APPLICANT)
    older = await browse(headers=headers, speaks=spoken())
    slow, first_id = visit(client, browse.connection), browse.connection
    assert slow is not None
    is_read, sounds = asyncio.Event(), list[Frame]()

    async def send(text: str) -> None:
        del text
        await is_read.wait()

    def note(frame: Frame) -> None:
        sounds.append(frame)
        PeerLine.on_sound(slow.line, frame)

    monkeypatch.setattr(slow.line, "send", send)
    monkeypatch.setattr(slow.line, "on_sound", note)
    await browse(headers=headers, speaks=spoken())
    sounds.clear()
    await eventually(lambda: len(sounds) > 10)
    assert older.connection.connectionState == "connected"
    assert heard == [first_id, browse.connection]
    is_read.set()
