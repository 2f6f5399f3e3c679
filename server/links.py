"""Signed links: one names one person, a role or seat, and a session. HS256 through PyJWT."""

import secrets
import time
from pathlib import Path

import jwt

from server.access import EVERY_SESSION, Principal, Role, role_of_seat
from server.errors import ClientError, ErrorCode

KEY_FILE = "link.key"
DEFAULT_EXPIRY_S = 7 * 24 * 3600
_ALGORITHM = "HS256"
_AUDIENCE = "daedam"


class Links:
    """Makes and reads links with one key."""

    def __init__(self, key: str) -> None:
        if len(key) < 32:
            raise ValueError("a link key needs at least 32 characters")
        self._key = key

    def make(self, principal: Principal, expires_s: float = DEFAULT_EXPIRY_S) -> str:
        """Return a token for ``principal``; every call names a new person."""
        now = time.time()
        claims: dict[str, object] = {
            "aud": _AUDIENCE,
            "jti": secrets.token_urlsafe(16),
            "iat": int(now),
            "exp": int(now + expires_s),
            "session": principal.session,
            "roles": sorted(principal.roles),
        }
        if principal.seat:
            claims["seat"] = principal.seat
        if principal.name:
            claims["name"] = principal.name
        return jwt.encode(claims, self._key, _ALGORITHM)

    def read(self, token: str) -> Principal:
        """Return whom the token names.

        Raises:
            ClientError: ``link_invalid``: expired, forged, or not one of ours.
        """
        try:
            claims = jwt.decode(
                token,
                self._key,
                [_ALGORITHM],
                audience=_AUDIENCE,
                options={"require": ["exp", "jti", "aud"]},
            )
            return Principal(
                roles=frozenset(Role(role) for role in claims["roles"]),
                session=str(claims["session"]),
                seat=claims.get("seat"),
                link=str(claims["jti"]),
                name=claims.get("name"),
            )
        except jwt.ExpiredSignatureError:
            raise _invalid("This link has expired; ask the operator for a new one.") from None
        except (jwt.InvalidTokenError, KeyError, ValueError, TypeError):
            raise _invalid("This link is not valid; ask the operator for a new one.") from None


def invitation(
    session: str, *, seat: str | None, role: str | None, name: str | None = None
) -> Principal:
    """Return the principal an operator invites, by seat, by role, or both (operator in a seat).

    Raises:
        ValueError: the combination makes no sense; the message says why.
    """
    if seat is None and role is None:
        raise ValueError("name a seat or a role")
    roles = set()
    if seat is not None:
        roles.add(role_of_seat(seat))
    if role is not None:
        roles.add(Role(role))
    if seat is not None and not roles <= {role_of_seat(seat), Role.OPERATOR}:
        raise ValueError(f"{seat} cannot also be {role}")
    if seat is None and roles <= {Role.INTERVIEWER, Role.APPLICANT}:
        raise ValueError(f"an {role} needs a seat")
    if Role.OPERATOR in roles and Role.APPLICANT in roles:
        raise ValueError("an applicant cannot be operator")
    if session == EVERY_SESSION and roles != {Role.OPERATOR}:
        raise ValueError("only an operator's link can be for every session")
    return Principal(roles=frozenset(roles), session=session, seat=seat, name=name)


def load_key(secret: str | None, data: Path) -> str:
    """Return the deployment's secret, or this machine's own key, made on first use (0600)."""
    if secret is not None:
        return secret
    path = data / KEY_FILE
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        key = secrets.token_urlsafe(48)
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(key)
        return key


def _invalid(sentence: str) -> ClientError:
    return ClientError(ErrorCode.LINK_INVALID, sentence, status=401)


def new_session_id() -> str:
    return secrets.token_urlsafe(12)
