"""Sending something through a TURN server: a real coturn, as operators are told to run it."""

import time
from pathlib import Path
from typing import Literal

import pytest

from server.entrance import turn_trial
from server.entrance.ice_servers import IceAddress
from server.entrance.stun import NoAnswer
from server.entrance.turn import VALID_S, login
from server.entrance.turn_trial import NotRelayed
from tests.server.coturn import HOST, SECRET, coturn, free_port

pytestmark = pytest.mark.process

ALLOWED = ("--allow-loopback-peers", f"--allowed-peer-ip={HOST}")
SHOWN = login(SECRET, "somebody", time.time())


def at(port: int, transport: Literal["udp", "tcp"] = "udp") -> IceAddress:
    return IceAddress("turn", HOST, port, transport)


async def test_what_is_sent_through_arrives_and_nothing_else_is_taken(tmp_path: Path) -> None:
    async with coturn(tmp_path, *ALLOWED) as port:
        await turn_trial.ask(at(port), SHOWN, HOST)
        await turn_trial.ask(at(port, "tcp"), SHOWN, HOST)
        expired = login(SECRET, "somebody", time.time() - VALID_S - 1)
        for wrong in (login(SECRET + "1", "somebody", time.time()), expired):
            with pytest.raises(NoAnswer, match="401"):
                await turn_trial.ask(at(port), wrong, HOST)
        with pytest.raises(NotRelayed, match="does not relay to 192.0.2.1: it is not allowed"):
            await turn_trial.ask(at(port), SHOWN, "192.0.2.1")


@pytest.mark.parametrize("options", [ALLOWED[:1], ALLOWED[1:]])
async def test_no_peer_is_allowed_that_is_not_named_and_loopback_not_even_then(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    async with coturn(tmp_path, *options) as port:
        with pytest.raises(NotRelayed, match="it is not allowed"):
            await turn_trial.ask(at(port), SHOWN, HOST)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_where_nothing_listens_there_is_no_answer(transport: Literal["udp", "tcp"]) -> None:
    with pytest.raises(NoAnswer):
        await turn_trial.ask(at(free_port(), transport), SHOWN, HOST, patience_s=0.3)


async def test_what_gets_lost_behind_the_relay_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # TEST-NET-1 (RFC 5737): allowed, and nobody is there.
    async with coturn(tmp_path, *ALLOWED, "--allowed-peer-ip=192.0.2.1") as port:
        monkeypatch.setattr(turn_trial, "RESEND_S", 0.05)
        with pytest.raises(NotRelayed, match="does not arrive"):
            await turn_trial.ask(at(port), SHOWN, "192.0.2.1", patience_s=0.3)
