"""The data channels of one peer: two names, texts only, guarded on the way in and out.

Left alone, an exception in a handler or a message that is no UTF-8 ends aiortc's whole
connection, and its queues of outgoing messages grow for ever.
"""

import asyncio
import logging
import time
from typing import Any, Final, Protocol

from aiortc import RTCDataChannel, RTCSctpTransport

log = logging.getLogger(__name__)

CHANNELS: Final = ("interview", "captions")
"""Everything; and signals that may be lost. The client creates both."""
MAX_MESSAGE_BYTES = 48 * 1024
BUFFER_LIMIT = 256 * 1024


class ChannelListener(Protocol):
    """Who hears the channels; methods must not block."""

    def on_text(self, channel: str, text: str) -> None:
        """A message."""

    def on_open(self, channel: str) -> None:
        """The client has opened a channel."""

    def on_close(self, channel: str) -> None:
        """An open channel is gone."""


class Channels:
    """At most one open channel of each name in ``CHANNELS``."""

    def __init__(self, listener: ChannelListener, buffer_limit: int = BUFFER_LIMIT) -> None:
        """Start without any.

        Args:
            listener: hears them until ``silence``.
            buffer_limit: bytes that may wait in one; beyond it the channel is closed.
        """
        self._listener = listener
        self._limit = buffer_limit
        self._open: dict[str, RTCDataChannel] = {}
        self._is_silenced = False
        self.heard_at = time.monotonic()
        """The newest message, by ``time.monotonic()``."""

    def adopt(self, channel: RTCDataChannel) -> None:
        """Take a channel that the client opened, or close it when nobody would listen."""
        name = channel.label
        if name not in CHANNELS or name in self._open or self._is_silenced:
            log.info("A data channel was closed: another name, or the second of its name")
            channel.close()
            return
        self._open[name] = channel
        channel.on("message", lambda data: self._heard(name, data))
        channel.on("close", lambda: self._gone(name, channel))
        self._tell(self._listener.on_open, name)

    def guard(self, transport: RTCSctpTransport) -> None:
        """Let nothing that a message contains escape into the transport, which would end."""
        receive: Any = transport._data_channel_receive

        async def receive_guarded(stream_id: int, pp_id: int, data: bytes) -> None:
            try:
                await receive(stream_id, pp_id, data)
            except Exception as error:
                log.warning("A data channel broke the rules (%s)", type(error).__name__)
                for name, channel in list(self._open.items()):
                    if channel.id == stream_id:
                        self._close(name, channel)

        transport._data_channel_receive = receive_guarded  # type: ignore[method-assign]  # the hook

    def send(self, name: str, text: str) -> bool:
        """Queue a message; False: not open, or closed now because the other side does not read.

        Raises:
            ValueError: the message is longer than any receiver has to accept.
        """
        size = len(text.encode())
        if size > MAX_MESSAGE_BYTES:
            raise ValueError(f"{size} bytes are more than a data channel message may have")
        channel = self._open.get(name)
        if channel is None or channel.readyState != "open":
            return False
        if channel.bufferedAmount + size > self._limit:
            log.warning("Data channel %s was closed: its reader has stopped", name)
            self._close(name, channel)
            return False
        channel.send(text)
        return True

    def buffered(self, name: str) -> int:
        """Return the bytes that wait to be sent."""
        channel = self._open.get(name)
        return 0 if channel is None else channel.bufferedAmount

    def silence(self) -> None:
        """Tell the listener nothing from now on."""
        self._is_silenced = True
        self._open.clear()

    def _close(self, name: str, channel: RTCDataChannel) -> None:
        channel.close()
        # Soon, not now: whoever is in ``send`` is not called back before it has its answer.
        asyncio.get_running_loop().call_soon(self._gone, name, channel)

    def _gone(self, name: str, channel: RTCDataChannel) -> None:
        if self._open.get(name) is channel:
            del self._open[name]
            self._tell(self._listener.on_close, name)

    def _heard(self, name: str, data: str | bytes) -> None:
        self.heard_at = time.monotonic()
        text = data if isinstance(data, str) else data.decode(errors="replace")
        self._tell(self._listener.on_text, name, text)

    def _tell(self, method: Any, *told: str) -> None:
        if self._is_silenced:
            return
        try:
            method(*told)
        except Exception:
            log.exception("A listener failed; its connection goes on")
