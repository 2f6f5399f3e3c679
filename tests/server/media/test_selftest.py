"""The start-up check of what server/media reaches into."""

from types import SimpleNamespace

import aioice.ice
import pytest
from aiortc.rtcdtlstransport import RTCDtlsTransport

from server.media.selftest import Unfit, check, check_hook, check_version


def test_installed_libraries_fit() -> None:
    check()


@pytest.mark.parametrize(
    ("package", "found"), [("pytest", r"[\d.]+"), ("daedam-no-such-package", "none")]
)
def test_another_version_is_named_with_the_command_that_helps(package: str, found: str) -> None:
    with pytest.raises(Unfit, match=rf"{found} is installed; install it with: pip install"):
        check_version(package, "0.0.")


def test_address_hook_of_somebody_else_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: [])
    with pytest.raises(Unfit, match="get_host_addresses"):
        check()


def test_hook_with_other_parameters_or_without_its_user_is_found() -> None:
    owner = SimpleNamespace(__name__="Receiver", hook=lambda packet, time: None)
    user = RTCDtlsTransport._handle_rtcp_data
    for parameters, sentence in (
        (("packet",), "is not what"),
        (("packet", "time"), "does not use"),
    ):
        with pytest.raises(Unfit, match=sentence):
            check_hook(owner, "hook", parameters, user)
    with pytest.raises(Unfit, match="Receiver.gone is not what"):
        check_hook(owner, "gone", (), user)
