"""What browsers need: a page they trust with a microphone, and an address their sound reaches."""

import asyncio
import datetime
import ipaddress
import socket
import time
from collections.abc import Coroutine
from urllib.parse import urlsplit

from server.cli.findings import Finding, warning
from server.entrance import stun, tls, turn, turn_trial
from server.entrance.ice_servers import IceAddress, IceServer, read_ice_address
from server.entrance.stun import NoAnswer
from server.entrance.turn import Login
from server.entrance.turn_trial import NotRelayed
from server.media.addresses import bound_to, host_addresses
from server.settings import Settings, SettingsError, is_loopback

EXPIRES_SOON = datetime.timedelta(days=14)


def secure_context(settings: Settings) -> list[Finding]:
    """Say whether browsers will give the pages a microphone.

    https://www.w3.org/TR/secure-contexts/: https, or http at loopback.
    """
    about = "microphones"
    if settings.public_url is not None:
        return [Finding(about, f"pages are at {settings.public_url}")]
    if settings.tls_cert is not None:
        return [Finding(about, "this server speaks https")]
    if is_loopback(settings.host):
        return [Finding(about, "browsers of this machine allow them at http://127.0.0.1")]
    return [
        warning(
            about,
            f"browsers allow none at http://{settings.host}",
            "use --tls-cert and --tls-key, or a reverse proxy with TLS and DAEDAM_PUBLIC_URL",
        )
    ]


def certificate(settings: Settings, now: datetime.datetime | None = None) -> list[Finding]:
    """Say until when the certificate lasts and whether it fits.

    Args:
        settings: the operator's.
        now: with a zone; None: the clock's.
    """
    now = now or datetime.datetime.now(datetime.UTC)
    try:
        found = tls.load(settings, now)
    except SettingsError as error:
        return [Finding("certificate", "refused", str(error))]
    if found is None:
        return []
    end = found.certificate.not_after
    names = ", ".join(found.certificate.names) or "nobody"
    state = f"for {names}, until {end:%Y-%m-%d}"
    if end - now < EXPIRES_SOON:
        return [warning("certificate", state, "renew it, then start the server again")]
    if found.certificate.is_self_signed:
        return [
            warning(
                "certificate",
                f"{state}, self-signed: browsers warn of it and phones refuse it",
                "use one of an authority that they know, or install it on every device",
            )
        ]
    return [Finding("certificate", state)]


def sound_address(settings: Settings) -> list[Finding]:
    """Say where live sound (UDP) arrives, and whether it can."""
    about = "live sound address"
    addresses = _own_addresses(settings)
    if not addresses:
        return [Finding(about, "this machine has no network address", "connect it to a network")]
    for address in addresses:
        try:
            _bind(address)
        except OSError as error:
            return [
                Finding(
                    about,
                    f"UDP cannot be received at {address}: {error.strerror or error}",
                    "set DAEDAM_BIND_ADDRESS to an address of this machine",
                )
            ]
    told = [settings.announced_address] if settings.announced_address else addresses
    state = f"UDP at {', '.join(addresses)}"
    if settings.announced_address:
        state += f", told as {settings.announced_address}"
    return [_reach(about, state, told, settings)]


def _own_addresses(settings: Settings) -> list[str]:
    with bound_to(settings.bind_address, with_loopback=is_loopback(settings.host)):
        return host_addresses(True, True)


def _bind(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))


def _reach(about: str, state: str, told: list[str], settings: Settings) -> Finding:
    """Compare the addresses that browsers are ``told`` with where people come in."""
    advice = "set DAEDAM_ANNOUNCED_ADDRESS to the address that people reach this machine at"
    known = [ipaddress.ip_address(address) for address in told]
    others_come = settings.public_url is not None or not is_loopback(settings.host)
    if others_come and all(address.is_loopback for address in known):
        return Finding(about, f"{state}: other machines do not reach it", advice)
    if settings.public_url is None or any(address.is_global for address in known):
        return Finding(about, state)
    host = urlsplit(settings.public_url).hostname or ""
    if not _is_public(host):
        return Finding(about, state)
    return warning(about, f"{state}: people outside this network do not reach it", advice)


def _is_public(host: str) -> bool:
    """Return whether a host is met in the public network; a name nobody knows here may be."""
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except OSError:
        return True
    return any(ipaddress.ip_address(str(place[4][0])).is_global for place in found)


def ice_servers(settings: Settings) -> list[Finding]:
    """Ask every STUN server whether it is there, and every TURN server to relay to this machine."""
    own = turn.servers(settings.turn_urls, settings.turn_secret, "doctor", time.time())
    questions = [
        _ask(address, server, settings)
        for server in (*settings.ice_servers, *own)
        for address in server.addresses
    ]
    return asyncio.run(_all_of(questions))


async def _all_of(questions: list[Coroutine[None, None, Finding]]) -> list[Finding]:
    return await asyncio.gather(*questions)


async def _ask(text: str, server: IceServer, settings: Settings) -> Finding:
    address = read_ice_address(text)
    if address.is_tls and address.transport == "udp":
        return warning(text, "not asked: DTLS", "look whether browsers reach it")
    try:
        if address.scheme in ("stun", "stuns"):
            await stun.ask(address)
            return Finding(text, "answers")
        shown = Login(server.username or "", server.credential or "")
        return await _relayed(address, shown, settings, text)
    except NoAnswer as error:
        return Finding(text, str(error), _what_to_look_at(address, text, settings))


async def _relayed(address: IceAddress, shown: Login, settings: Settings, text: str) -> Finding:
    """Try the addresses that browsers are told; one that a TURN server reaches is enough.

    Raises:
        NoAnswer: the server does not get as far as relaying.
    """
    told = [settings.announced_address] if settings.announced_address else _own_addresses(settings)
    # Servers relay to IPv4 unless they are asked for more, which browsers do and aioice does not.
    reasons = []
    for one in (each for each in told if ":" not in each):
        try:
            await turn_trial.ask(address, shown, one)
        except NotRelayed as error:
            reasons.append(str(error))
        else:
            return Finding(text, f"relays to {one}")
    advice = "allow it there (coturn: --allowed-peer-ip=ADDRESS), and look at firewalls"
    return Finding(text, "; ".join(reasons) or "no IPv4 address here to relay to", advice)


def _what_to_look_at(address: IceAddress, text: str, settings: Settings) -> str:
    where = "DAEDAM_ICE_SERVERS"
    if text in settings.turn_urls:
        where = "DAEDAM_TURN_URLS and DAEDAM_TURN_SECRET"
    return (
        f"look at {where}, whether the server runs, and at firewalls "
        f"({address.transport.upper()} {address.port})"
    )
