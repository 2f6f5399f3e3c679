"""Tokens by which a device that nobody sits at is known again after a lost connection."""

import secrets
from dataclasses import dataclass


@dataclass(slots=True)
class _Known:
    """What a token stands for, and until when; None: its connection lives."""

    link: str | None
    connection: str
    name: str
    until_s: float | None = None


class Resumes:
    """What room microphones are called; bounded by the connections that live or left just now.

    Times are seconds of any one clock that never goes back.
    """

    def __init__(self, hold_s: float) -> None:
        """Forget a token ``hold_s`` seconds after its connection was lost."""
        self._hold_s = hold_s
        self._known: dict[str, _Known] = {}

    def __len__(self) -> int:
        return len(self._known)

    def issue(self, link: str | None, connection: str, name: str, now_s: float) -> str:
        """Return a new token for the track ``name``, which a person's connection carries."""
        self._forget(now_s)
        token = new_token()
        self._known[token] = _Known(link, connection, name)
        return token

    def lose(self, connection: str, now_s: float) -> None:
        """From now on the tokens of a connection last for a while only."""
        for known in self._known.values():
            if known.connection == connection:
                known.until_s = now_s + self._hold_s
        self._forget(now_s)

    def redeem(self, token: str | None, link: str | None, now_s: float) -> str | None:
        """Return the track's name, once; None if the token is not (or no more) this person's."""
        self._forget(now_s)
        known = self._known.get(token) if token is not None else None
        if token is None or known is None or known.link != link:
            return None
        del self._known[token]
        return known.name

    def _forget(self, now_s: float) -> None:
        for token, known in list(self._known.items()):
            if known.until_s is not None and known.until_s <= now_s:
                del self._known[token]


def new_token() -> str:
    """Return what a browser will show to go on after a lost connection."""
    return secrets.token_urlsafe(16)
