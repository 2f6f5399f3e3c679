"""What of ours lies inside one of aiortc's connections, and what its ways to the client say."""

from collections.abc import Iterator

from aiortc import RTCIceTransport, RTCPeerConnection

from server.media.ice import QuietConnection
from server.media.receiver import VoiceReceiver
from server.media.sender import VoiceSender


def receivers(connection: RTCPeerConnection) -> list[VoiceReceiver]:
    """Return the receivers of sound; none for an offer without."""
    found: list[object] = [*connection.getReceivers()]
    return [receiver for receiver in found if isinstance(receiver, VoiceReceiver)]


def sender(connection: RTCPeerConnection) -> VoiceSender | None:
    """Return who sends sound; None if the client has not agreed to receive any."""
    for transceiver in connection.getTransceivers():
        found: object = transceiver.sender
        is_agreed = transceiver.currentDirection in ("sendrecv", "sendonly")
        if is_agreed and isinstance(found, VoiceSender):
            return found
    return None


def hear_reports(connection: RTCPeerConnection) -> None:
    """Let the client's reports be heard also where it sends no sound, and nobody receives any."""
    for transceiver in connection.getTransceivers():
        found: object = transceiver.receiver
        if transceiver.currentDirection == "sendonly" and isinstance(found, VoiceReceiver):
            found.hear_reports()


def is_cut(connection: RTCPeerConnection) -> bool:
    """Whether the way to the client failed; a goodbye leaves it open."""
    return any(way.state == "failed" for way in _ways(connection))


def heard_at(connection: RTCPeerConnection) -> float:
    """Return ``time.monotonic()`` of the newest datagram from the client."""
    return max(link(way).heard_at for way in _ways(connection))


def link(way: RTCIceTransport) -> QuietConnection:
    """Return what a way's datagrams come and go by."""
    found = way._connection
    assert isinstance(found, QuietConnection)
    return found


def _ways(connection: RTCPeerConnection) -> Iterator[RTCIceTransport]:
    for receiver in connection.getReceivers():
        yield receiver.transport.transport
    if connection.sctp is not None:
        yield connection.sctp.transport.transport
