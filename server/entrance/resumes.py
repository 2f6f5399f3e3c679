"""Tokens by which a microphone is known again after a lost connection; nothing is remembered."""

import logging
import secrets
from dataclasses import dataclass

import jwt
import msgspec

log = logging.getLogger(__name__)

MAX_TOKEN = 4096
"""Characters; ours have some 300. What is longer need not be looked at."""
ROOM = "room-"
"""How the names of room microphones begin; those of own microphones are seats."""
_ALGORITHM = "HS256"
_AUDIENCE = "daedam-resume"


class _Claims(msgspec.Struct, frozen=True):
    """What a token says: of which session, whose, for which track, the how-manieth of its page."""

    session: str
    track: str
    connection: str
    page: str
    turn: int
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Resumption:
    """As what the microphone of a new connection comes in.

    Attributes:
        name: of its track.
        link: the person's.
        earlier: the connection whose token was shown; None: it begins anew.
        page: what all offers of one page have in common, whatever connections they lead to.
        turn: how many offers of this page came before this one.
        since: the turn whose token was shown; a track whose connection is newer is not gone on
            with.
        token: by which the page comes back after this connection.
    """

    name: str
    link: str | None
    earlier: str | None
    page: str
    turn: int
    since: int
    token: str


class Resumes:
    """Signs and reads tokens: they hold in every process that has the key, and after a restart."""

    def __init__(self, key: bytes | None = None) -> None:
        """Sign with ``key``; None: with one of its own, which nobody else has."""
        self._key = key if key is not None else secrets.token_bytes(32)

    def go_on(
        self,
        session: str,
        link: str | None,
        connection: str,
        speaker: str | None,
        token: str | None = None,
    ) -> Resumption:
        """Return as what a new connection's microphone comes in.

        Args:
            session: where.
            link: the person's.
            connection: the new one.
            speaker: the seat whose own microphone it is; None: a room microphone.
            token: what the page showed; one that was not made here, or for somebody or something
                else, is as good as none.
        """
        known = self._read(token)
        if known is not None and not _fits(known, session, link, speaker):
            log.info("connection %s shows the resume token of another microphone", connection)
            known = None
        page, turn = (known.page, known.turn + 1) if known else (secrets.token_urlsafe(9), 1)
        name = speaker or (known.track if known else f"{ROOM}{connection}")
        claims = _Claims(session, name, connection, page, turn, link)
        return Resumption(
            name=claims.track,
            link=link,
            earlier=known.connection if known else None,
            page=page,
            turn=turn,
            since=known.turn if known else 0,
            token=jwt.encode(
                {"aud": _AUDIENCE, **msgspec.to_builtins(claims)}, self._key, _ALGORITHM
            ),
        )

    def _read(self, token: str | None) -> _Claims | None:
        if not token or len(token) > MAX_TOKEN:
            return None
        try:
            claims = jwt.decode(token, self._key, [_ALGORITHM], audience=_AUDIENCE)
            return msgspec.convert(claims, _Claims)
        except (jwt.InvalidTokenError, ValueError):  # A ValidationError is a ValueError.
            return None


def _fits(known: _Claims, session: str, link: str | None, speaker: str | None) -> bool:
    is_same = known.track == speaker if speaker else known.track.startswith(ROOM)
    return is_same and (known.session, known.link) == (session, link)


def new_token() -> str:
    """Return what a connection without a microphone may show later; it leads to nothing."""
    return secrets.token_urlsafe(16)
