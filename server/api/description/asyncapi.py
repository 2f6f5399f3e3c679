"""The live doors, WebSocket and data channels, as an AsyncAPI 3.0 document.

It is written from the client's side: an application that sends commands and receives the rest.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from server.api.description.payloads import payloads
from server.api.description.roles import may_send, see
from server.api.description.schemas import prose, ref
from server.api.peer_line import CAPTIONS, INTERVIEW
from server.events import CATALOGUE, Blank
from server.messages import ANSWERS, COMMANDS, SIGNALS, ErrorAnswer, Missed, Ping, type_of

WEBSOCKET: Final = "websocket"
BLANKED: Final = "blanked"
"""The message that an event of any type becomes when its body is erased."""
REPLIES: Final = {
    "speaker_note": "note_saved",
    "evaluation_request": "evaluation_summary",
    "audio_chunk": "audio_processed",
    "session_end": "session_ended",
    "consent": "done",
    "withdraw_consent": "done",
    "confirm_room": "done",
    "mute": "done",
    "name_voice": "done",
    "swap_voices": "done",
    "merge_voices": "done",
    "move_segment": "done",
    "split_segment": "done",
    "edit_segment": "done",
    "edit_note": "done",
    "retract": "done",
    "subscribe": "caught_up",
}
"""With which answer a command is answered when nothing is wrong."""
_ABOUT: Final = """\
What clients and Daedam say to each other while an interview goes on. This document is the
client's: it *sends* commands and *receives* answers, events and signals. HTTP, and with it the
offer that opens a peer connection, is in `/openapi.json`.

The same commands, answers and events travel over the WebSocket and over the data channel
`interview`. A command may carry an `id`: then its answer carries `reply_to`, and a repeat is
executed once. Without ids, answers come in the order of the commands. `x-roles` are the roles
whose links may send a command or are sent a message. A newer server may send types and fields that
are not listed here: pass over them.
"""
_TOKEN: Final = "The token of a person's link; a server without `DAEDAM_SECRET` needs none."


def document(path: str, version: str) -> dict[str, Any]:
    """Return the AsyncAPI document; ``path`` is the WebSocket's address."""
    answers = [type_of(kind) for kind in ANSWERS]
    signals = [type_of(kind) for kind in SIGNALS if kind is not Missed]
    said = [*REPLIES, *answers, *CATALOGUE, BLANKED]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Daedam's live doors", "version": version, "description": _ABOUT},
        "defaultContentType": "application/json",
        "servers": _SERVERS,
        "channels": {
            WEBSOCKET: _websocket(path, [*said, *signals]),
            INTERVIEW: _channel(
                INTERVIEW, _INTERVIEW, [*(kind for kind in said if kind != _PING), _MISSED]
            ),
            CAPTIONS: _channel(CAPTIONS, _CAPTIONS, signals),
        },
        "operations": {
            **_conversation(WEBSOCKET),
            **_receive(WEBSOCKET, "signals", "Follow passing state, after `subscribe`.", signals),
            **_receive(WEBSOCKET, "pings", "Be pinged after 30 s of silence.", [_PING]),
            **_conversation(INTERVIEW),
            **_receive(INTERVIEW, "missed", "Be asked for sound that got lost.", [_MISSED]),
            **_receive(CAPTIONS, "signals", "Follow passing state, after `subscribe`.", signals),
        },
        "components": {
            "messages": _messages(),
            "schemas": payloads(),
            "securitySchemes": _SCHEMES,
            "correlationIds": _CORRELATION,
        },
    }


_PING: Final = type_of(Ping)
_MISSED: Final = type_of(Missed)
_ERROR: Final = type_of(ErrorAnswer)
_SERVERS: Final = {
    "websocket": {
        "host": "{host}",
        "protocol": "ws",
        "description": "`wss` where the server speaks TLS.",
        "variables": {"host": {"default": "localhost:8000", "description": "Where Daedam runs."}},
        "security": [{"$ref": "#/components/securitySchemes/link"}],
    },
    "peer": {
        "host": "{host}",
        "protocol": "webrtc",
        "description": "The peer connection that an offer (see `/openapi.json`) has opened.",
        "variables": {"host": {"default": "localhost:8000", "description": "Where Daedam runs."}},
        "security": [{"$ref": "#/components/securitySchemes/offer"}],
    },
}
_SCHEMES: Final = {
    "link": {"type": "httpApiKey", "name": "t", "in": "query", "description": _TOKEN},
    "offer": {"type": "http", "scheme": "bearer", "description": f"Of the offer. {_TOKEN}"},
}
_CORRELATION: Final = {
    "command": {"location": "$message.payload#/id"},
    "answer": {"location": "$message.payload#/reply_to"},
}
_INTERVIEW: Final = (
    "Ordered and reliable; the client creates it. No message is longer than 48 KiB: "
    "`session_ended` has `result_url` instead of `final_result`."
)
_CAPTIONS: Final = "Unordered, without retransmission; the client creates it."


def _websocket(path: str, kinds: Sequence[str]) -> dict[str, Any]:
    query = {"type": "object", "properties": {"t": {"type": "string", "description": _TOKEN}}}
    return {
        "address": path,
        "description": "JSON in text frames. Before `subscribe` only pings come unasked.",
        "servers": [{"$ref": "#/servers/websocket"}],
        "parameters": {
            "session": {"description": "Its id: 1 to 128 characters without `/` and control ones."}
        },
        "messages": _named(kinds),
        "bindings": {"ws": {"method": "GET", "query": query, "bindingVersion": "0.1.0"}},
    }


def _channel(address: str, about: str, kinds: Sequence[str]) -> dict[str, Any]:
    return {
        "address": address,
        "description": about,
        "servers": [{"$ref": "#/servers/peer"}],
        "messages": _named(kinds),
    }


def _named(kinds: Iterable[str]) -> dict[str, Any]:
    return {kind: {"$ref": f"#/components/messages/{kind}"} for kind in kinds}


def _conversation(channel: str) -> dict[str, Any]:
    """Return the operations that both doors have: each command with its answers, and events."""
    found = {}
    for command, reply in REPLIES.items():
        found[f"{channel}.{command}"] = {
            "action": "send",
            "channel": _in(channel),
            "summary": f"Send `{command}`, be answered `{reply}` or told what was wrong.",
            "messages": _of(channel, [command]),
            "reply": {"channel": _in(channel), "messages": _of(channel, [reply, _ERROR])},
        }
    events = [*CATALOGUE, BLANKED]
    return {
        **found,
        **_receive(channel, "events", "Follow what happens, after `subscribe`.", events),
        **_receive(channel, "farewell", "Be told why the connection closes now.", [_ERROR]),
    }


def _messages() -> dict[str, Any]:
    told: dict[str, Any] = {}
    for command in COMMANDS:
        kind = type_of(command)
        told[kind] = _message(kind, "command", command, may_send(kind), "command")
    for answer in ANSWERS:
        kind = type_of(answer)
        told[kind] = _message(kind, "answer", answer, see(kind), "answer")
    for signal in SIGNALS:
        kind = type_of(signal)
        told[kind] = _message(kind, "signal", signal, see(kind))
    for kind, event in CATALOGUE.items():
        told[kind] = _message(kind, "event", event, see(kind))
    told[BLANKED] = _message(BLANKED, "event", Blank, see("erased"))
    return told


def _message(
    name: str, tag: str, kind: type, roles: list[str], correlation: str | None = None
) -> dict[str, Any]:
    summary, *rest = prose(kind.__doc__ or "").split("\n\n")
    message: dict[str, Any] = {
        "name": name,
        "summary": " ".join(summary.split()),
        "tags": [{"name": tag}],
        "payload": ref(kind.__name__),
        "x-roles": roles,
    }
    if rest:
        message["description"] = "\n\n".join(rest)
    if correlation is not None:
        message["correlationId"] = {"$ref": f"#/components/correlationIds/{correlation}"}
    return message


def _receive(channel: str, what: str, summary: str, kinds: Sequence[str]) -> dict[str, Any]:
    return {
        f"{channel}.{what}": {
            "action": "receive",
            "channel": _in(channel),
            "summary": summary,
            "messages": _of(channel, kinds),
        }
    }


def _in(channel: str) -> dict[str, str]:
    return {"$ref": f"#/channels/{channel}"}


def _of(channel: str, kinds: Iterable[str]) -> list[dict[str, str]]:
    return [{"$ref": f"#/channels/{channel}/messages/{kind}"} for kind in kinds]
