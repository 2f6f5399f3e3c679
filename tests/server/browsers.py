"""Browsers that sit down in an interview: offers, messages of their channels, speech."""

import asyncio
import json
import secrets
from typing import Any

import numpy as np

from pipeline.audio import RATE_HZ, Samples
from server.api import context
from server.api.visits import Visit, VisitState
from server.paths import SESSION
from tests.server.conftest import Client
from tests.server.contracts import live_contract
from tests.server.media.clients import Client as Browser
from tests.server.media.clients import eventually
from tests.server.talk import APPLICANT, link
from tests.speech.clips import load

INTERVIEWER = "면접관_1"
SUBSCRIBE = json.dumps({"type": "subscribe"})


class Browsers:
    """Lets browsers sit down, connected, with both channels open; closes them in the end."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._all: list[Browser] = []
        self.resume: str | None = None
        """What the newest of them was given to come back with."""
        self.connection = ""
        """The id of the newest."""

    async def __call__(
        self,
        seat: str | None = APPLICANT,
        speaks: Samples | None = None,
        headers: dict[str, str] | None = None,
        to: Client | None = None,
        resume: str | None = None,
    ) -> Browser:
        """Return a new browser in ``seat``, or of the person whose ``headers`` are given."""
        to = to or self._client
        browser = Browser(speaks=speaks)
        self._all.append(browser)
        status, answer = await post_offer(
            to, headers or bearer(to, seat), await browser.offer(), resume
        )
        assert status == 200, answer
        assert answer["connection"]
        assert answer["resume"]
        self.resume, self.connection = answer["resume"], answer["connection"]
        await browser.take(answer["sdp"])
        await entered(self.connection, to, self._client)  # Offers are passed on to the holder.
        return browser

    async def close(self) -> None:
        for browser in self._all:
            await browser.close()


def visit(client: Client, connection: str) -> Visit | None:
    """Return what has become of an offer; None: it has ended."""
    assert client.app is not None
    visits = [visit for visit in client.app[context.PEERS] if visit.connection == connection]
    return visits[0] if visits else None


async def entered(connection: str, *clients: Client) -> None:
    """Wait until the person who was answered has come in, at one of these servers."""

    def is_in() -> bool:
        visits = [visit(client, connection) for client in clients]
        return any(one is not None and one.state is VisitState.ENTERED for one in visits)

    await eventually(is_in)


def bearer(client: Client, seat: str | None = None, role: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {link(client, 's1', seat=seat, role=role)}"}


async def post_offer(
    client: Client, headers: dict[str, str], sdp: str, resume: str | None = None
) -> tuple[int, Any]:
    wanted = {"sdp": sdp} if resume is None else {"sdp": sdp, "resume": resume}
    response = await client.post(f"{SESSION}/s1/offer", json=wanted, headers=headers)
    return response.status, await response.json()


async def told(browser: Browser, kind: str, **fields: object) -> dict[str, Any]:
    """Return the next message of ``kind`` with these ``fields`` on either channel."""
    async with asyncio.timeout(15):
        while True:
            message = await _next(browser)
            if message["type"] == kind and all(
                message.get(name) == value for name, value in fields.items()
            ):
                return message


async def _next(browser: Browser) -> dict[str, Any]:
    """Return the next message, which has to be one that was promised for its channel."""
    channel, data = await browser.received.get()
    message: dict[str, Any] = json.loads(data)
    live_contract().check(message, channel)
    return message


async def asked(browser: Browser, command: dict[str, object]) -> dict[str, Any]:
    """Send a command over ``interview`` and return its answer."""
    cmd = secrets.token_hex(16)
    await browser.say("interview", json.dumps({**command, "id": cmd}))
    async with asyncio.timeout(15):
        while True:
            message = await _next(browser)
            if message.get("reply_to") == cmd:
                return message


def spoken() -> Samples:
    """Return a short clip and enough silence to end its utterance, over and over."""
    clip = load("applicant2_thanks.flac").samples
    silence = np.zeros(int(1.5 * RATE_HZ), np.float32)
    return np.concatenate((silence[: RATE_HZ // 2], clip, silence))
