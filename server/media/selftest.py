"""Looks, before anybody is served, whether the libraries still have what is reached into here.

aiortc and aioice are pinned, but an installation can hold anything; a hook that is not called any
more would cost sound or safety without a word.
"""

import inspect
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import aioice.ice
from aiortc import RTCRtpReceiver, RTCSctpTransport

from server.media import addresses
from server.media.sound import STOP_DECODER

VERSIONS: Final = {"aiortc": "1.16.", "aioice": "0.13."}
_RUN: Final = "_RTCDtlsTransport__run"
HOOKS: Final[tuple[tuple[Any, str, tuple[str, ...], Callable[..., Any]], ...]] = (
    (
        aioice.ice,
        "get_host_addresses",
        ("use_ipv4", "use_ipv6"),
        aioice.ice.Connection.gather_candidates,
    ),
    (RTCRtpReceiver, STOP_DECODER, ("self",), RTCRtpReceiver.stop),
    (RTCRtpReceiver, STOP_DECODER, ("self",), RTCRtpReceiver._handle_disconnect),
    (RTCRtpReceiver, STOP_DECODER, ("self",), RTCRtpReceiver._handle_rtcp_packet),
    (
        RTCSctpTransport,
        "_data_channel_receive",
        ("self", "stream_id", "pp_id", "data"),
        RTCSctpTransport._receive,
    ),
)
"""Owner, attribute, its parameters, and the function that has to use it."""


class Unfit(Exception):
    """The installed libraries do not fit; the message says which and what to do."""


def check() -> None:
    """Look at the versions and at every private attribute that is replaced.

    Raises:
        Unfit: something is not as it was when this was written.
    """
    for package, prefix in VERSIONS.items():
        check_version(package, prefix)
    if aioice.ice.get_host_addresses is not addresses.host_addresses:
        raise Unfit("Something else has replaced aioice.ice.get_host_addresses; remove it.")
    for owner, name, parameters, user in HOOKS:
        check_hook(owner, name, parameters, user)


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


def check_hook(
    owner: Any, name: str, parameters: tuple[str, ...], user: Callable[..., Any]
) -> None:
    """Raise ``Unfit`` unless the attribute is a function of these parameters and is still used."""
    function = getattr(owner, name, None)
    if function is None or tuple(inspect.signature(function).parameters) != parameters:
        raise Unfit(f"{owner.__name__}.{name} is not what it was in {_pins()}; reinstall them.")
    if name not in user.__code__.co_names:
        raise Unfit(f"{user.__qualname__} does not use {name} as in {_pins()}; reinstall them.")


def _pins() -> str:
    return " and ".join(f"{package} {prefix}*" for package, prefix in VERSIONS.items())
