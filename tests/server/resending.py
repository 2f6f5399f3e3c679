"""A page that keeps its microphone's sound, loses its connection and is asked for what got lost."""

import asyncio
import io
from typing import Any

from server.paths import session_path
from tests.server.browsers import bearer, entered, spoken, told
from tests.server.conftest import Client
from tests.server.media.clients import Client as Browser
from tests.server.talk import APPLICANT, eventually, room_of

PATH = session_path("s1", "backfill")


class Page:
    """A page of the applicant; every ``come`` is a new connection.

    ``client`` is the server that it talks to, ``holder`` the one that hears it.
    """

    def __init__(self, client: Client, holder: Client | None = None) -> None:
        self._client = client
        self._holder = holder or client
        self._browsers: list[Browser] = []
        self.headers = bearer(client, APPLICANT)
        self.connection = ""
        self._resume: str | None = None

    def move(self, client: Client) -> None:
        """Talk to another server from now on, which holds the session."""
        self._client = self._holder = client

    async def come(self) -> Browser:
        browser = Browser(speaks=spoken())
        self._browsers.append(browser)
        body = {"sdp": await browser.offer(), "resume": self._resume, "can_resend": True}
        response = await self._client.post(
            session_path("s1", "offer"), json=body, headers=self.headers
        )
        answer = await response.json()
        assert response.status == 200, answer
        self.connection, self._resume = answer["connection"], answer["resume"]
        await browser.take(answer["sdp"])
        await entered(self.connection, self._holder)
        return browser

    def forget(self) -> None:
        """Come in as a new page the next time."""
        self._resume = None

    async def miss(self) -> dict[str, Any]:
        """Be heard, lose the connection for a while, come back; return what is asked for."""
        browser = await self.be_heard()
        await browser.close()
        await asyncio.sleep(0.6)  # What gets lost takes its time.
        return await told(await self.come(), "missed")

    async def be_heard(self) -> Browser:
        """Come in and wait until the first sound is heard."""
        browser = await self.come()
        room = await room_of(self._holder)

        async def is_heard() -> bool:
            track = room.held().tracks.of(self.connection)
            return track is not None and track.end_s is not None

        await eventually(is_heard)
        return browser

    async def send(self, data: bytes, **query: float | str) -> tuple[int, Any]:
        response = await self._client.post(
            PATH,
            data=io.BytesIO(data) if data else None,
            headers={**self.headers, "Content-Type": "application/octet-stream"},
            params={"connection": self.connection, **query},
        )
        return response.status, await response.json()

    async def close(self) -> None:
        for browser in self._browsers:
            await browser.close()
