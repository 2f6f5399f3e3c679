"""Every setting and which of them go together; ``environment`` reads them from ``DAEDAM_*``."""

import ipaddress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeAlias

from pipeline.models import default_folder
from server.entrance.ice_servers import IceServer
from server.journal_address import Durability, JournalAddress, RedisAddress

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

MIN_SECRET_CHARACTERS = 32


class SettingsError(Exception):
    """A setting is wrong; the message says which and what it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator can decide.

    Attributes:
        secret: signs links; without one the server stays on loopback.
        origins: pages of other hosts that may use the API, as ``https://host``.
        legacy_networks: peers that are operator without a link.
        trusted_proxies: peers whose requests are somebody else's.
        workers: model processes; None: one core is left for the event loop.
        abandon_after_s: a live session without any connection for so long is ended.
        idle_after_s: a session nobody is connected to leaves memory after this.
        end_patience_s: how long ``session_end`` waits for open utterances.
        hold_seat_s: how long a lost seat is kept for its person.
        memory_budget: bytes of large messages that may be in work at once, all clients together.
        max_connections: connections at once, WebSockets and peers together.
        bind_address: local address for live sound; None: all of the machine.
        announced_address: what browsers are told instead, behind an address translator.
        public_url: the https origin that people come in at, as a browser writes it.
        tls_cert: PEM file with the certificate and its chain; together with ``tls_key``.
        ice_servers: STUN and TURN servers that browsers are told.
        turn_urls: TURN servers that browsers are told with credentials of their own.
        turn_secret: shared with these; signs the credentials.
        journal: where events are kept; None: SQLite in the data folder.
        durability: what Redis has to do before an append is acknowledged.
        internal_url: where other processes of one Redis reach this one; None: at ``host``.
        drain_s: after SIGTERM: how long to serve on as "not ready" before anybody is told.
        keep_audio_days: how long sound is kept after the end, of whom agreed to it; 0: not at all.
        metrics_token: opens ``/metrics`` to others than this machine.
        mix: how people hear each other: ``wideband`` (16 kHz) or ``fullband`` (48 kHz, twice the
            work).
        speakers: whether voices on room microphones are told apart.
        final_pass: whether they are told apart once more, with all that was said, at the end.
        direct_url: the origin at which clients reach this very process, behind a load balancer;
            WHIP clients are sent there when it holds their session. None: requests are passed on.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    data: Path = Path("data")
    models: Path = field(default_factory=default_folder)
    secret: str | None = None
    origins: frozenset[str] = frozenset()
    legacy_networks: tuple[Network, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    workers: int | None = None
    abandon_after_s: float = 12 * 3600
    idle_after_s: float = 600
    end_patience_s: float = 10
    hold_seat_s: float = 30
    memory_budget: int = 512 * 1024 * 1024
    max_connections: int = 1000
    bind_address: str | None = None
    announced_address: str | None = None
    public_url: str | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    ice_servers: tuple[IceServer, ...] = ()
    turn_urls: tuple[str, ...] = ()
    turn_secret: str | None = None
    journal: JournalAddress | None = None
    durability: Durability = Durability()
    internal_url: str | None = None
    drain_s: float = 0.0
    metrics_token: str | None = None
    keep_audio_days: float = 0.0
    mix: Literal["wideband", "fullband"] = "wideband"
    direct_url: str | None = None
    speakers: bool = True
    final_pass: bool = True

    @property
    def allowed_origins(self) -> frozenset[str]:
        """Pages that may use the API wherever they are reached."""
        return self.origins | {self.public_url} if self.public_url else self.origins

    def replaced(self, **changes: object) -> "Settings":
        """Return a copy with some settings changed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # names come from options

    def check(self) -> None:
        """Refuse combinations that would let somebody in, or keep everybody out.

        Raises:
            SettingsError: says what to change.
        """
        if self.secret is None and not is_loopback(self.host):
            raise SettingsError(
                f"Without DAEDAM_SECRET the server listens on loopback only, not on {self.host}. "
                f"Set DAEDAM_SECRET (at least {MIN_SECRET_CHARACTERS} random characters) and "
                "invite people with: daedam invite"
            )
        if self.secret is not None and len(self.secret) < MIN_SECRET_CHARACTERS:
            raise SettingsError(
                f"DAEDAM_SECRET needs at least {MIN_SECRET_CHARACTERS} characters; make one with: "
                'python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
            )
        if self.secret is None and isinstance(self.journal, RedisAddress):
            raise SettingsError(
                "Several servers on one Redis (DAEDAM_JOURNAL) need the same DAEDAM_SECRET, or the "
                "links of one are worth nothing at the other; set it."
            )
        if self.secret is None and self.public_url is not None:
            raise SettingsError(
                f"DAEDAM_PUBLIC_URL invites people to {self.public_url}, but without DAEDAM_SECRET "
                "nobody but this machine comes in; set both."
            )
        if (self.tls_cert is None) != (self.tls_key is None):
            there, missing = ("CERT", "KEY") if self.tls_cert else ("KEY", "CERT")
            raise SettingsError(
                f"DAEDAM_TLS_{there} is set and DAEDAM_TLS_{missing} is not; TLS needs both."
            )
        if bool(self.turn_urls) != (self.turn_secret is not None):
            there, missing = ("URLS", "SECRET") if self.turn_urls else ("SECRET", "URLS")
            raise SettingsError(
                f"DAEDAM_TURN_{there} is set and DAEDAM_TURN_{missing} is not; browsers need the "
                "TURN server's address and credentials signed with its secret."
            )
        for network in self.legacy_networks:
            for proxy in self.trusted_proxies:
                if network.version == proxy.version and network.overlaps(proxy):
                    raise SettingsError(
                        f"DAEDAM_LEGACY_NETWORKS {network} contains the trusted proxy {proxy}: "
                        "everybody behind it would be operator."
                    )


def is_loopback(host: str) -> bool:
    """Return whether a host name or address stays on this machine."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
