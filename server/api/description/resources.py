"""What every HTTP resource takes and answers, by the name the routes give it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from server.api.backfill import Filled, Sent
from server.api.http import Health
from server.api.readiness import Report
from server.api.records import FILES, Receipt
from server.api.sessions import Chosen, Created, Invitation, Invited, NewSession
from server.api.signaling import Answered, Offer, Welcome
from server.api.voice import Asked
from server.api.whip import FRAGMENT, SDP
from server.enrolling import Enrolled, Forgotten, Voices
from server.errors import ErrorCode as Code
from server.errors import Refusal
from server.events import SEATS
from server.journal.protocol import SessionInfo
from server.reports import SessionRecord, Status

JSON: Final = "application/json"
HTML: Final = "text/html"
PCM: Final = "application/octet-stream"
OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.1"
ASYNCAPI: Final = "application/vnd.aai.asyncapi+json;version=3.0.0"

LEFT_OUT: Final[Mapping[str, str]] = {
    "websocket": "AsyncAPI describes it.",
    "static": "The files of the pages are theirs alone and change with them.",
    "command": "Processes of one deployment ask each other so, with tokens nobody else gets.",
}
"""Routes that the document does not tell of, and why."""

STATUS: Final[Mapping[Code, int]] = {
    Code.BAD_SESSION: 400,
    Code.BAD_REQUEST: 400,
    Code.UNKNOWN_SEAT: 400,
    Code.LINK_INVALID: 401,
    Code.LINK_REQUIRED: 401,
    Code.FORBIDDEN: 403,
    Code.OTHER_SESSION: 403,
    Code.FOREIGN_ORIGIN: 403,
    Code.FOREIGN_HOST: 403,
    Code.CONSENT_REQUIRED: 403,
    Code.NOT_FOUND: 404,
    Code.UNKNOWN_SESSION: 404,
    Code.SESSION_EXISTS: 409,
    Code.SESSION_OVER: 409,
    Code.SESSION_LIVE: 409,
    Code.SEAT_TAKEN: 409,
    Code.NOT_AWAITED: 409,
    Code.TOO_LARGE: 413,
    Code.BAD_OFFER: 422,
    Code.VOICE_TOO_SHORT: 422,
    Code.VOICE_CLIPPED: 422,
    Code.VOICE_NOISY: 422,
    Code.VOICE_SHARED: 422,
    Code.INTERNAL: 500,
    Code.VOICES_OFF: 503,
    Code.OVERLOADED: 503,
    Code.JOURNAL_UNAVAILABLE: 503,
    Code.STORAGE_FULL: 503,
    Code.STORE_UNAVAILABLE: 503,
    Code.SHUTTING_DOWN: 503,
}
"""With which status a code comes over HTTP; the others come over the live doors only."""

GUARDED: Final = frozenset(
    {
        Code.LINK_INVALID,
        Code.LINK_REQUIRED,
        Code.FORBIDDEN,
        Code.OTHER_SESSION,
        Code.FOREIGN_ORIGIN,
        Code.FOREIGN_HOST,
    }
)
"""What whoever comes without the right link is told."""
_JOURNAL: Final = frozenset({Code.JOURNAL_UNAVAILABLE, Code.STORAGE_FULL})
_BUSY: Final = _JOURNAL | {Code.OVERLOADED, Code.SHUTTING_DOWN}
_SESSION: Final = _BUSY | {Code.UNKNOWN_SESSION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One resource.

    Attributes:
        content: media type → the type of what is answered.
        status: of an answer that is no refusal.
        body: the type of what is taken, as JSON.
        text: the media type of what is taken, where it is text.
        query: the struct that the query is read as.
        parameters: of a query that is read without one: name → schema.
        headers: of an answer: name → what it says.
        refusals: what may be wrong, beyond what the address, the body and the link bring.
        also: further answers: status → (what it says, type; None: without a body).
        scheme: who is let in, where it is not whoever has a link.
        note: what the handler's docstring does not say.
    """

    content: Mapping[str, object]
    status: int = 200
    body: type[msgspec.Struct] | None = None
    text: str | None = None
    query: type[msgspec.Struct] | None = None
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    refusals: frozenset[Code] = frozenset()
    also: Mapping[int, tuple[str, object]] = field(default_factory=dict)
    scheme: str | None = None
    note: str = ""


_UNCHANGED: Final[Mapping[int, tuple[str, object]]] = {304: ("The stored copy is good.", None)}
_PAGE_OF_A_SESSION: Final = Resource(
    content={HTML: str},
    also=_UNCHANGED,
    refusals=frozenset({Code.NOT_FOUND}),
    note="It needs no link, what it shows does. A browser is refused with a page.",
)

RESOURCES: Final[Mapping[str, Resource]] = {
    "health": Resource(content={JSON: Health}),
    "ready": Resource(content={JSON: Report}, also={503: ("Send nobody here.", Report)}),
    "metrics": Resource(
        content={"text/plain": str},
        refusals=frozenset({Code.FORBIDDEN, Code.FOREIGN_HOST, Code.FOREIGN_ORIGIN}),
        also={401: ("`forbidden`: this is not the operator's token.", Refusal)},
        scheme="metrics",
        note="Prometheus' text format; for the machine itself, or with the operator's token.",
    ),
    "page": Resource(content={HTML: str}, also=_UNCHANGED),
    "room_page": _PAGE_OF_A_SESSION,
    "review_page": _PAGE_OF_A_SESSION,
    "openapi": Resource(content={OPENAPI: dict[str, Any]}),
    "asyncapi": Resource(content={ASYNCAPI: dict[str, Any]}),
    "create": Resource(
        status=201,
        content={JSON: Created},
        body=NewSession,
        refusals=_BUSY | {Code.BAD_SESSION, Code.SESSION_EXISTS},
    ),
    "sessions": Resource(
        content={JSON: list[SessionInfo]},
        query=Chosen,
        refusals=_JOURNAL,
        note=(
            "`search` are words that all occur in the id, title, job, seats or names. A page is "
            "asked for with `limit` and `before`, the `created_wall` of the last session seen; it "
            "is longer than `limit` only when its last sessions were created in one instant."
        ),
    ),
    "invite": Resource(
        status=201,
        content={JSON: Invited},
        body=Invitation,
        refusals=_SESSION | {Code.UNKNOWN_SEAT},
        note="An operator of every session may invite another one: `*` stands for every session.",
    ),
    "status": Resource(content={JSON: Status}, refusals=_SESSION),
    "result": Resource(content={JSON: SessionRecord}, refusals=_SESSION),
    "export": Resource(
        content={media: SessionRecord if media == JSON else str for _, media in FILES.values()},
        parameters={"format": {"enum": [str(kind) for kind in FILES], "default": "json"}},
        headers={"Content-Disposition": "The name of the file."},
        refusals=_SESSION | {Code.BAD_REQUEST},
    ),
    "journal": Resource(
        content={"application/x-ndjson": str},
        refusals=_SESSION,
        note="Each line is one event, as /asyncapi.json describes them.",
    ),
    "end": Resource(content={JSON: SessionRecord}, refusals=_SESSION),
    "erase": Resource(
        content={JSON: Receipt},
        parameters={"seat": {"enum": list(SEATS)}},
        refusals=_SESSION | {Code.SESSION_LIVE, Code.UNKNOWN_SEAT, Code.STORE_UNAVAILABLE},
        note="Without `seat` everything is erased. Only a session that has ended can be.",
    ),
    "join": Resource(content={JSON: Welcome}, refusals=_SESSION),
    "offer": Resource(
        content={JSON: Answered},
        body=Offer,
        refusals=_SESSION
        | {
            Code.BAD_OFFER,
            Code.CONSENT_REQUIRED,
            Code.SEAT_TAKEN,
            Code.SESSION_OVER,
            Code.UNKNOWN_SEAT,
        },
        note="What goes over the data channels is described in /asyncapi.json.",
    ),
    "backfill": Resource(
        content={JSON: Filled},
        text=PCM,
        query=Sent,
        refusals=_SESSION
        | {
            Code.CONSENT_REQUIRED,
            Code.NOT_AWAITED,
            Code.SESSION_OVER,
            Code.TOO_LARGE,
        },
        note="A page that was suspended in between has its sound in pieces and sends each alone.",
    ),
    "voices": Resource(content={JSON: Voices}, refusals=_SESSION),
    "enrol": Resource(
        content={JSON: Enrolled},
        text=PCM,
        query=Asked,
        refusals=_SESSION
        | {
            Code.CONSENT_REQUIRED,
            Code.SESSION_OVER,
            Code.TOO_LARGE,
            Code.UNKNOWN_SEAT,
            Code.VOICE_CLIPPED,
            Code.VOICE_NOISY,
            Code.VOICE_SHARED,
            Code.VOICE_TOO_SHORT,
            Code.VOICES_OFF,
        },
        note="`overloaded` also after six readings of one person within a minute.",
    ),
    "forget_voice": Resource(
        content={JSON: Forgotten},
        query=Asked,
        refusals=_SESSION | {Code.SESSION_OVER, Code.UNKNOWN_SEAT},
        note="`agreed` is not needed.",
    ),
    "whip": Resource(
        status=201,
        content={SDP: str},
        text=SDP,
        headers={
            "Location": "The connection, to end it with DELETE.",
            "ETag": "Names the ICE session, for PATCH.",
            "Link": "An ICE server; there may be none, or several.",
        },
        also={
            307: ("Another server holds the session: ask at `Location`.", None),
            415: ("`bad_request`: the body is of another type.", Refusal),
        },
        refusals=_SESSION
        | {
            Code.BAD_OFFER,
            Code.CONSENT_REQUIRED,
            Code.SEAT_TAKEN,
            Code.SESSION_OVER,
            Code.TOO_LARGE,
            Code.UNKNOWN_SEAT,
        },
    ),
    "whip_options": Resource(
        status=204,
        content={},
        headers={"Accept-Post": f"`{SDP}`", "Link": "An ICE server, to whoever shows a link."},
        refusals=frozenset({Code.BAD_SESSION}),
    ),
    "whip_resource": Resource(content={}, refusals=_SESSION | {Code.NOT_FOUND}),
    "whip_trickle": Resource(
        status=204,
        content={},
        text=FRAGMENT,
        also={
            412: ("`bad_request`: `If-Match` names another connection.", Refusal),
            415: ("`bad_request`: the body is of another type.", Refusal),
            428: ("`bad_request`: `If-Match` is missing.", Refusal),
        },
        refusals=_SESSION | {Code.NOT_FOUND, Code.BAD_OFFER, Code.BAD_REQUEST, Code.TOO_LARGE},
    ),
}
