"""The WebSocket: strict request and answer for existing clients, live events after subscribe."""

import asyncio
import logging
import time

from aiohttp import WSMsgType, web

from server.access import Role
from server.api import context
from server.api.conversation import Conversation
from server.errors import ClientError, ErrorCode, Overloaded
from server.messages import MAX_ANSWERED_FRAME, Ping, check_session_id
from server.tasks import Tasks

log = logging.getLogger(__name__)

SILENCE_S = 30.0
"""Without a message from the client for so long, it gets a JSON ping."""
GOODBYE_S = 2.0
"""How long a client may take to answer our close before the socket goes."""
OWED_PING_S = 20.0
"""While an answer is owed, pings go out below JSON, where a waiting client does not see them."""


async def interview(request: web.Request) -> web.StreamResponse:
    """Serve ``/ws/interview/{session_id}``."""
    session = check_session_id(request.match_info["session"])
    principal = request[context.PRINCIPAL]
    principal.check_session(session)
    socket = web.WebSocketResponse(
        timeout=GOODBYE_S, max_msg_size=MAX_ANSWERED_FRAME, compress=False
    )
    if not socket.can_prepare(request).ok:
        # Before anything is created: an image tag of any page can ask for this address.
        raise ClientError(
            ErrorCode.BAD_REQUEST, "This is a WebSocket address; open it as one.", status=426
        )
    rooms = request.app[context.ROOMS]
    if rooms.connections >= rooms.services.settings.max_connections:
        raise Overloaded
    room = await (
        rooms.find_or_create(session) if Role.OPERATOR in principal.roles else rooms.find(session)
    )
    await socket.prepare(request)
    line = WebSocketLine(socket)
    conversation = Conversation(line, room, principal, request.app[context.BUDGET])
    try:
        await conversation.enter()
    except ClientError as error:
        await conversation.refuse(error)
        return socket
    tasks = Tasks("websocket")
    tasks.start(line.keep_alive(conversation), "keep alive")
    try:
        await conversation.hold(line.read(conversation))
    finally:
        await tasks.close()
    return socket


class WebSocketLine:
    """A WebSocket as a conversation's ``Line``."""

    kind = "socket"
    result_url: str | None = None
    heard_at: float | None = None
    """Who waits for news says nothing for hours; whether they are there, TCP finds out."""
    is_lost = False
    """It tells no goodbye from a page that is loaded anew."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._heard_at = time.monotonic()

    async def send(self, text: str) -> None:
        """See ``Line``."""
        await self._socket.send_str(text)

    async def whisper(self, text: str) -> None:
        """See ``Line``."""
        await self._socket.send_str(text)

    def silence(self) -> None:
        """See ``Line``; a recording that comes in pieces ends with the connection."""

    async def close(self, code: int) -> None:
        """See ``Line``."""
        await self._socket.close(code=code)

    async def read(self, conversation: Conversation) -> None:
        """Hand every frame to the conversation until the client closes."""
        while True:
            message = await self._socket.receive()
            self._heard_at = time.monotonic()
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            # Popped, so that no name here keeps a large frame alive while the next one arrives.
            frames = [message.data]
            del message
            await conversation.hear(frames.pop())

    async def keep_alive(self, conversation: Conversation) -> None:
        """Ping in JSON who says nothing, and below JSON who waits for an answer."""
        pinged_at = time.monotonic()
        while True:
            now = time.monotonic()
            is_owing = conversation.is_owing
            due = (
                pinged_at + OWED_PING_S if is_owing else max(self._heard_at, pinged_at) + SILENCE_S
            )
            if now < due:
                await asyncio.sleep(min(due - now, 1.0))
                continue
            pinged_at = now
            if is_owing:
                await self._ping()
            else:
                await conversation.say(Ping(timestamp=time.time()))

    async def _ping(self) -> None:
        try:
            await self._socket.ping()
        except (ConnectionError, RuntimeError):
            log.debug("ping to a closed socket")
