"""Signed links: one names one person, a role or seat, and a session. HS256 through PyJWT."""

import hmac
import json
import secrets
import time
from pathlib import Path
from typing import Annotated, Any

import jwt
import msgspec

from server.access import EVERY_SESSION, Principal, Role, role_of_seat
from server.errors import ClientError, ErrorCode
from server.settings import MIN_SECRET_CHARACTERS, SettingsError

KEY_FILE = "link.key"
DEFAULT_EXPIRY_S = 7 * 24 * 3600
MAX_EXPIRY_S = 366 * 24 * 3600
_ALGORITHM = "HS256"
_AUDIENCE = "daedam"
_RELAYED = "daedam-relay"
VOUCHED_S = 60
"""How long one process takes another's word for somebody, clocks a little apart included."""


class _Claims(msgspec.Struct, frozen=True):
    """What a token says besides its dates and audience."""

    jti: Annotated[str, msgspec.Meta(min_length=1)]
    session: Annotated[str, msgspec.Meta(min_length=1)]
    roles: frozenset[Role]
    seat: str | None = None
    name: str | None = None


class _Voucher(msgspec.Struct, frozen=True):
    """Who somebody is, as another process of this deployment has found out."""

    session: str
    roles: frozenset[Role]
    seat: str | None = None
    link: str | None = None
    name: str | None = None


class _Short(json.JSONEncoder):
    """Writes Hangul as it is: escaped it is twice as long, and a QR code twice as fine."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "ensure_ascii": False})


class Links:
    """Makes and reads links with one key."""

    def __init__(self, key: str) -> None:
        if len(key) < MIN_SECRET_CHARACTERS:
            raise ValueError(f"a link key needs at least {MIN_SECRET_CHARACTERS} characters")
        self._key = key

    @property
    def mark(self) -> str:
        """What tells this key from another one and says nothing about it."""
        return hmac.new(self._key.encode(), b"daedam: which key is it", "sha256").hexdigest()[:32]

    @property
    def resume_key(self) -> bytes:
        """What resume tokens are signed with; it opens no link."""
        return hmac.new(self._key.encode(), b"daedam: resume tokens", "sha256").digest()

    def make(self, principal: Principal, expires_s: float = DEFAULT_EXPIRY_S) -> str:
        """Return a token for ``principal``; every call names a new person."""
        claims: dict[str, object] = {
            "aud": _AUDIENCE,
            "jti": secrets.token_urlsafe(16),
            "exp": int(time.time() + expires_s),
            "session": principal.session,
            "roles": sorted(principal.roles),
        }
        if principal.seat:
            claims["seat"] = principal.seat
        if principal.name:
            claims["name"] = principal.name
        return jwt.encode(claims, self._key, _ALGORITHM, json_encoder=_Short)

    def vouch(self, principal: Principal) -> str:
        """Return a token by which another process of this deployment knows ``principal``."""
        claims = {
            "aud": _RELAYED,
            "exp": int(time.time() + VOUCHED_S),
            **msgspec.to_builtins(
                _Voucher(
                    principal.session,
                    principal.roles,
                    principal.seat,
                    principal.link,
                    principal.name,
                )
            ),
        }
        return jwt.encode(claims, self._key, _ALGORITHM, json_encoder=_Short)

    def vouched(self, token: str) -> Principal:
        """Return whom another process vouches for.

        Raises:
            ClientError: ``link_invalid``.
        """
        try:
            claims = jwt.decode(
                token,
                self._key,
                [_ALGORITHM],
                audience=_RELAYED,
                options={"require": ["exp", "aud"]},
            )
            known = msgspec.convert(claims, _Voucher)
        except (jwt.InvalidTokenError, ValueError):
            raise _invalid("This is no word of another server.") from None
        return Principal(known.roles, known.session, known.seat, known.link, known.name)

    def read(self, token: str) -> Principal:
        """Return whom the token names.

        Raises:
            ClientError: ``link_invalid``: expired, forged, or not one of ours.
        """
        try:
            claims = msgspec.convert(
                jwt.decode(
                    token,
                    self._key,
                    [_ALGORITHM],
                    audience=_AUDIENCE,
                    options={"require": ["exp", "jti", "aud"]},
                ),
                _Claims,
            )
            return _sensible(
                Principal(
                    roles=claims.roles,
                    session=claims.session,
                    seat=claims.seat,
                    link=claims.jti,
                    name=claims.name,
                )
            )
        except jwt.ExpiredSignatureError:
            raise _invalid("This link has expired; ask the operator for a new one.") from None
        except (jwt.InvalidTokenError, ValueError):  # A ValidationError is a ValueError.
            raise _invalid("This link is not valid; ask the operator for a new one.") from None


def invitation(
    session: str, *, seat: str | None, role: str | None, name: str | None = None
) -> Principal:
    """Return the principal an operator invites, by seat, by role, or both (operator in a seat).

    Raises:
        ValueError: the combination makes no sense; the message says why.
    """
    roles = set()
    if seat is not None:
        roles.add(role_of_seat(seat))
    if role is not None:
        roles.add(Role(role))
    return _sensible(Principal(roles=frozenset(roles), session=session, seat=seat, name=name))


def _sensible(principal: Principal) -> Principal:
    """Return ``principal``.

    Raises:
        ValueError: nobody can be that in an interview; the message says why.
    """
    roles, seat = principal.roles, principal.seat
    if not roles:
        raise ValueError("name a seat or a role")
    own = None if seat is None else role_of_seat(seat)
    if own is Role.APPLICANT and Role.OPERATOR in roles:
        raise ValueError("an applicant cannot be operator")
    if own is not None and not {own} <= roles <= {own, Role.OPERATOR}:
        raise ValueError(f"{seat} cannot also be {', '.join(sorted(roles - {own}))}")
    if own is None and roles & {Role.INTERVIEWER, Role.APPLICANT}:
        raise ValueError(f"an {min(roles)} needs a seat")
    if own is None and len(roles) > 1:
        raise ValueError("without a seat a link has one role")
    if principal.session == EVERY_SESSION and (roles != {Role.OPERATOR} or seat is not None):
        raise ValueError("only an operator's link can be for every session")
    return principal


def load_key(secret: str | None, data: Path) -> str:
    """Return the deployment's secret, or this machine's own key, made on first use (0600).

    Raises:
        SettingsError: the key's file is damaged; a new key would end every link, so that is said.
    """
    if secret is not None:
        return secret
    path = data / KEY_FILE
    try:
        key = path.read_text("ascii").strip()
    except FileNotFoundError:
        return _new_key(path)
    except UnicodeDecodeError:
        key = ""
    if len(key) < MIN_SECRET_CHARACTERS:
        raise SettingsError(
            f"{path} is damaged; restore it, or delete it and every link made so far ends."
        )
    return key


def _new_key(path: Path) -> str:
    """Make a key; it appears under its name when it is whole."""
    key = secrets.token_urlsafe(48)
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600, exist_ok=False)
    unfinished.write_text(key, "ascii")
    unfinished.replace(path)
    return key


def _invalid(sentence: str) -> ClientError:
    return ClientError(ErrorCode.LINK_INVALID, sentence, status=401)


def new_session_id() -> str:
    return secrets.token_urlsafe(12)
