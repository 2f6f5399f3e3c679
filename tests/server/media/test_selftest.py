"""The start-up check of what server/media reaches into."""

from types import SimpleNamespace

import numpy as np
import pytest
from aiortc.rtcdtlstransport import RTCDtlsTransport

from pipeline.audio import Samples
from server.media import selftest
from server.media.opus_library import OpusError, OpusMissing
from server.media.opus_packet import SILENT_FRAME
from server.media.selftest import (
    HOOKS,
    REPLACED,
    Unfit,
    check,
    check_hook,
    check_used,
    check_version,
)


def test_installed_libraries_fit() -> None:
    check()


@pytest.mark.parametrize(
    ("package", "found"), [("pytest", r"[\d.]+"), ("daedam-no-such-package", "none")]
)
def test_another_version_is_named_with_the_command_that_helps(package: str, found: str) -> None:
    with pytest.raises(Unfit, match=rf"{found} is installed; install it with: pip install"):
        check_version(package, "0.0.")


@pytest.mark.parametrize(("module", "name"), [entry[:2] for entry in REPLACED])
def test_hook_of_somebody_else_is_found(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str
) -> None:
    monkeypatch.setattr(module, name, lambda *_: None)
    with pytest.raises(Unfit, match=f"else has replaced .*{name}"):
        check()


@pytest.mark.parametrize(("owner", "name"), [entry[:2] for entry in HOOKS])
def test_hook_that_takes_something_else_is_found(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str
) -> None:
    monkeypatch.setattr(owner, name, lambda self, more: None)
    with pytest.raises(Unfit, match=f"{name} is not what it was"):
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


def test_use_inside_an_inner_function_counts() -> None:
    def uses() -> object:
        return lambda: check_version

    check_used("check_version", uses)
    with pytest.raises(Unfit, match=r"uses does not use _early_checks"):
        check_used("_early_checks", uses)


class _Deaf:
    def decode(self, packet: bytes) -> Samples:
        raise OpusError("corrupted stream")


class _Loud:
    def decode(self, packet: bytes) -> Samples:
        return np.ones(320, np.float32)


def _missing() -> object:
    raise OpusMissing("The Opus library cannot be loaded: install it.")


@pytest.mark.parametrize(
    ("decoder", "sentence"),
    [(_Deaf, "does not decode"), (_Loud, "something else"), (_missing, "install it")],
)
def test_opus_library_that_does_not_decode_is_found(
    monkeypatch: pytest.MonkeyPatch, decoder: object, sentence: str
) -> None:
    monkeypatch.setattr(selftest, "Decoder", decoder)
    with pytest.raises(Unfit, match=sentence):
        check()


class _Mute:
    def encode(self, samples: Samples) -> bytes:
        return SILENT_FRAME


def test_opus_library_that_does_not_encode_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "Encoder", _Mute)
    with pytest.raises(Unfit, match="encodes sound to something else"):
        check()
