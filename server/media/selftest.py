"""Looks, before anybody is served, whether the libraries still have what is reached into here.

aiortc and aioice are pinned, but an installation can hold anything; a hook that is not called any
more would cost sound or safety without a word.
"""

import inspect
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from types import CodeType
from typing import Any, Final

import aioice.ice
import aiortc.rtcicetransport
import aiortc.rtcpeerconnection
import aiortc.rtcsctptransport
import numpy as np
import pylibsrtp
from aioice import Connection
from aiortc import RTCDtlsTransport, RTCIceTransport, RTCPeerConnection, RTCSctpTransport
from aiortc.rtcrtpreceiver import RTCRtpReceiver

from pipeline.audio import RATE_HZ
from server.media import addresses, association, ice, receiver, sender
from server.media.opus import Decoder
from server.media.opus_encoder import Encoder
from server.media.opus_library import OpusError, OpusMissing
from server.media.opus_packet import SILENT_FRAME

VERSIONS: Final = {"aiortc": "1.16.", "aioice": "0.13."}

REPLACED: Final[tuple[tuple[Any, str, Any, Callable[..., Any]], ...]] = (
    (
        aioice.ice,
        "get_host_addresses",
        addresses.host_addresses,
        Connection.gather_candidates,
    ),
    (aioice.ice, "StunProtocol", ice.make_protocol, Connection.get_component_candidates),
    (
        aiortc.rtcicetransport,
        "Connection",
        ice.make_connection,
        aiortc.rtcicetransport.RTCIceGatherer.__init__,
    ),
    (
        aiortc.rtcpeerconnection,
        "RTCRtpReceiver",
        receiver.make_receiver,
        vars(RTCPeerConnection)["_RTCPeerConnection__createTransceiver"],
    ),
    (
        aiortc.rtcpeerconnection,
        "RTCRtpSender",
        sender.make_sender,
        vars(RTCPeerConnection)["_RTCPeerConnection__createTransceiver"],
    ),
    (
        aiortc.rtcsctptransport,
        "decode_params",
        association.decode_params,
        # One of two; the other class that reads parameters does it in the same way.
        aiortc.rtcsctptransport.BaseParamsChunk.__init__,
    ),
)
"""Module, what is replaced in it, by what, and the function that has to use it."""

# The name in aioice.ice has been replaced already.
_SORT: Final = ice.StunProtocol.datagram_received  # type: ignore[attr-defined]
_CHECK: Final = ("self", "message", "addr", "protocol")
HOOKS: Final[tuple[tuple[Any, str, tuple[str, ...], Callable[..., Any]], ...]] = (
    (Connection, "connect", ("self",), RTCIceTransport.start),
    (Connection, "close", ("self",), RTCIceTransport.stop),
    (Connection, "request_received", _CHECK, _SORT),
    (Connection, "check_incoming", _CHECK, Connection.connect),
    (
        Connection,
        "data_received",
        ("self", "data", "component"),
        _SORT,
    ),
    (RTCDtlsTransport, "_send_rtp", ("self", "data"), RTCRtpReceiver._send_rtcp),
    (pylibsrtp.Session, "unprotect", ("self", "packet"), RTCDtlsTransport._recv_next),
    (pylibsrtp.Session, "unprotect_rtcp", ("self", "packet"), RTCDtlsTransport._recv_next),
    (pylibsrtp.Session, "protect", ("self", "packet"), RTCDtlsTransport._send_rtp),
    (pylibsrtp.Session, "protect_rtcp", ("self", "packet"), RTCDtlsTransport._send_rtp),
    (
        RTCSctpTransport,
        "_data_channel_receive",
        ("self", "stream_id", "pp_id", "data"),
        RTCSctpTransport._receive,
    ),
    (RTCSctpTransport, "_handle_data", ("self", "data"), RTCDtlsTransport._recv_next),
    (
        RTCSctpTransport,
        "_receive_data_chunk",
        ("self", "chunk"),
        RTCSctpTransport._receive_chunk,
    ),
)
"""Owner, method, its parameters, and the function that has to use it."""

FRAME: Final = RATE_HZ // 50
READ: Final[tuple[tuple[str, Callable[..., Any]], ...]] = (
    ("_connection", RTCIceTransport.start),
    ("_rx_srtp", RTCDtlsTransport._recv_next),
    ("_tx_srtp", RTCDtlsTransport._send_rtp),
    ("_nominated", Connection.sendto),
    ("transport", ice.StunProtocol.send_data),  # type: ignore[attr-defined]
    ("remote_addr", Connection.sendto),
    ("_ssrc", aiortc.rtcpeerconnection.create_media_description_for_transceiver),
    ("_stream_id", aiortc.rtcpeerconnection.create_media_description_for_transceiver),
    ("_track_id", aiortc.rtcpeerconnection.create_media_description_for_transceiver),
    ("_queue", Connection.recvfrom),
    ("_early_checks", Connection.request_received),
    ("_closing", Connection.request_received),
    ("_advertised_rwnd", RTCSctpTransport._receive_data_chunk),
    ("_inbound_streams", RTCSctpTransport._get_inbound_stream),
    ("_sack_misordered", RTCSctpTransport._mark_received),
)
"""What objects hold, and the function that has to use it."""


class Unfit(Exception):
    """The installed libraries do not fit; the message says which and what to do."""


def check() -> None:
    """Look at the versions, at everything that is replaced or reached into, and at libopus.

    Raises:
        Unfit: something is not as it was when this was written.
    """
    for package, prefix in VERSIONS.items():
        check_version(package, prefix)
    for module, name, own, user in REPLACED:
        check_replaced(module, name, own, user)
    for owner, name, parameters, user in HOOKS:
        check_hook(owner, name, parameters, user)
    for name, user in READ:
        check_used(name, user)
    check_opus()


def check_version(package: str, prefix: str) -> None:
    """Raise ``Unfit`` unless the package's installed version begins with ``prefix``."""
    try:
        found = version(package)
    except PackageNotFoundError:
        found = "none"
    if not found.startswith(prefix):
        raise Unfit(
            f"{package} {prefix}* is needed and {found} is installed; "
            f"install it with: pip install '{package}=={prefix}*'"
        )


def check_replaced(module: Any, name: str, own: Any, user: Callable[..., Any]) -> None:
    """Raise ``Unfit`` unless the module has what was put there, and still uses it."""
    if getattr(module, name, None) is not own:
        raise Unfit(f"Something else has replaced {module.__name__}.{name}; remove it.")
    check_used(name, user)


def check_hook(
    owner: Any, name: str, parameters: tuple[str, ...], user: Callable[..., Any]
) -> None:
    """Raise ``Unfit`` unless the attribute is a function of these parameters and is still used."""
    function = getattr(owner, name, None)
    if function is None or tuple(inspect.signature(function).parameters) != parameters:
        raise Unfit(f"{owner.__name__}.{name} is not what it was in {_pins()}; reinstall them.")
    check_used(name, user)


def check_used(name: str, user: Callable[..., Any]) -> None:
    """Raise ``Unfit`` unless the function, or one inside it, uses the name."""
    if name not in _names(user.__code__):
        raise Unfit(f"{user.__qualname__} does not use {name} as in {_pins()}; reinstall them.")


def check_opus() -> None:
    """Raise ``Unfit`` unless libopus is there, decodes and encodes."""
    try:
        sound = Decoder().decode(SILENT_FRAME)
    except OpusMissing as error:
        raise Unfit(str(error)) from error
    except OpusError as error:
        raise Unfit(f"The Opus library does not decode ({error}); reinstall it.") from error
    if sound.size != FRAME or np.abs(sound).max() > 1e-6:
        raise Unfit("The Opus library decodes silence to something else; reinstall it.")
    loud = np.resize(np.array([0.5, -0.5], np.float32).repeat(20), FRAME)
    encoder, decoder = Encoder(), Decoder()
    heard = [decoder.decode(encoder.encode(loud)) for _ in range(5)][-1]
    if heard.size != FRAME or np.abs(heard).max() < 0.1:
        raise Unfit("The Opus library encodes sound to something else; reinstall it.")


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)


def _pins() -> str:
    return " and ".join(f"{package} {prefix}*" for package, prefix in VERSIONS.items())
