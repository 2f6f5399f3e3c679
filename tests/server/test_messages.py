"""Messages on the wire: what is understood, what is refused and how, what answers look like."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.errors import ClientError, ErrorCode
from server.messages import (
    ANSWERS,
    COMMANDS,
    AnyCommand,
    AudioChunk,
    ConfirmRoom,
    Consent,
    Done,
    ErrorAnswer,
    EvaluationRequest,
    Mute,
    NoteSaved,
    Ping,
    SessionEnd,
    SpeakerNote,
    Subscribe,
    WithdrawConsent,
    check_session_id,
    decode_command,
    encode_answer,
    type_of,
)

ID = "abcdefghijklmnopqrst-_"


def refusal(frame: str) -> ClientError:
    with pytest.raises(ClientError) as refused:
        decode_command(frame)
    return refused.value


@pytest.mark.parametrize(
    ("frame", "command"),
    [
        (
            '{"type":"speaker_note","speaker":"지원자_1","note":"a","timestamp":1.5}',
            SpeakerNote(speaker="지원자_1", note="a", timestamp=1.5),
        ),
        ('{"type":"evaluation_request"}', EvaluationRequest()),
        (
            '{"type":"audio_chunk","audio_data":"AAAA","timestamp":"gestern"}',
            AudioChunk(audio_data="AAAA", timestamp="gestern"),
        ),
        ('{"type":"session_end","id":"' + ID + '"}', SessionEnd(id=ID)),
        (
            '{"type":"speaker_note","speaker":"y","note":"z","media_at":61.5}',
            SpeakerNote(speaker="y", note="z", media_at=61.5),
        ),
        ('{"type":"consent"}', Consent(keep_audio_days=0.0)),
        ('{"type":"consent","keep_audio_days":30}', Consent(keep_audio_days=30.0)),
        ('{"type":"withdraw_consent"}', WithdrawConsent()),
        ('{"type":"confirm_room"}', ConfirmRoom()),
        ('{"type":"mute","is_muted":true}', Mute(is_muted=True)),
        ('{"type":"subscribe"}', Subscribe(after_seq=0)),
        ('{"type":"subscribe","after_seq":7,"later":[1,{"x":null}]}', Subscribe(after_seq=7)),
        (
            '  {"note":"z","speaker":"y","type":"speaker_note"}\n',
            SpeakerNote(speaker="y", note="z"),
        ),
    ],
)
def test_a_command_is_read_whatever_else_it_carries(frame: str, command: AnyCommand) -> None:
    assert decode_command(frame) == command


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "nul",
        '{"type":"session_end"}{"type":"session_end"}',
        "{'type':'session_end'}",
        '{"type":"speaker_note","speaker":"a","note":NaN}',
        '{"type":"speaker_note","speaker":"a","note":"\\ud800"}',
        "\ufeff{}",
    ],
)
def test_what_is_no_json_is_called_so(frame: str) -> None:
    assert refusal(frame).code is ErrorCode.BAD_JSON


@pytest.mark.parametrize("frame", ["null", "1", '"session_end"', "[]", "{}", '{"type":null}'])
def test_json_that_is_no_message_is_called_so(frame: str) -> None:
    assert refusal(frame).code is ErrorCode.BAD_MESSAGE


@pytest.mark.parametrize("kind", ['"note_saved"', '"SPEAKER_NOTE"', '""', "5", "[]", '{"a":1}'])
def test_an_unknown_type_is_answered_with_the_known_ones(kind: str) -> None:
    refused = refusal(f'{{"type":{kind}}}')
    assert refused.code is ErrorCode.UNKNOWN_TYPE
    assert "speaker_note" in str(refused)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("speaker", 1),
        ("note", None),
        ("note", ["a"]),
        ("timestamp", True),
        ("timestamp", {"s": 1}),
        ("id", 5),
    ],
)
def test_a_field_of_the_wrong_type_is_named_and_not_repeated(field: str, value: Any) -> None:
    message = {"type": "speaker_note", "speaker": "secret", "note": "secret", field: value}
    refused = refusal(json.dumps(message))
    assert refused.code is ErrorCode.BAD_MESSAGE
    assert f"$.{field}" in str(refused)
    assert "secret" not in str(refused)


@pytest.mark.parametrize("missing", ["speaker", "note"])
def test_a_missing_field_is_named(missing: str) -> None:
    message = {"type": "speaker_note", "speaker": "a", "note": "b"}
    del message[missing]
    assert missing in str(refusal(json.dumps(message)))


@pytest.mark.parametrize(
    "cmd", ["", "x" * 21, "x" * 129, "x" * 22 + "\n", "가" * 22, "x" * 21 + "="]
)
def test_an_id_is_22_to_128_url_safe_characters(cmd: str) -> None:
    refused = refusal(json.dumps({"type": "session_end", "id": cmd}))
    assert refused.code is ErrorCode.BAD_ID
    assert decode_command(json.dumps({"type": "session_end", "id": "x" * 128})).id == "x" * 128


def test_a_refusal_names_the_id_unless_that_is_wrong_too() -> None:
    wrong = {"type": "speaker_note", "speaker": 5}
    assert getattr(refusal(json.dumps(wrong | {"id": ID})), "reply_to", None) == ID
    assert getattr(refusal(json.dumps(wrong | {"id": "short"})), "reply_to", None) is None
    assert getattr(refusal(json.dumps({"type": "dance", "id": ID})), "reply_to", None) == ID


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"session_end","x":DEEP}',
        '{"type":DEEP}',
        '{"type":"speaker_note","speaker":1,"x":DEEP}',
        '{"type":"speaker_note","speaker":DEEP}',
        '{"type":"session_end","id":DEEP}',
        "DEEP",
    ],
)
@pytest.mark.parametrize("brackets", [("[", "]"), ('{"a":', "}")])
def test_a_depth_bomb_is_refused(frame: str, brackets: tuple[str, str]) -> None:
    left, right = brackets
    deep = left * 200_000 + "1" + right * 200_000
    assert refusal(frame.replace("DEEP", deep)).code in (
        ErrorCode.BAD_JSON,
        ErrorCode.BAD_MESSAGE,
        ErrorCode.UNKNOWN_TYPE,
    )


def test_huge_numbers_are_refused_or_harmless() -> None:
    note = '{"type":"speaker_note","speaker":"a","note":"b","timestamp":%s}'
    assert refusal(note % ("9" * 5000)).code is ErrorCode.BAD_MESSAGE
    assert refusal(note % "1e999").code is ErrorCode.BAD_MESSAGE
    assert refusal('{"type":"subscribe","after_seq":-1}').code is ErrorCode.BAD_MESSAGE
    assert refusal('{"type":"subscribe","after_seq":1.5}').code is ErrorCode.BAD_MESSAGE
    frame = f'{{"type":"subscribe","after_seq":{2**70}}}'
    assert decode_command(frame) == Subscribe(after_seq=2**70)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(max_size=40))
def test_whatever_text_comes_is_refused_with_a_sentence(text: str) -> None:
    assert str(refusal(text)).endswith(".")


def test_an_answer_is_flat_json_and_says_no_more_than_it_must() -> None:
    saved = NoteSaved(speaker="지원자_1", note="좋다", timestamp=None)
    assert json.loads(encode_answer(saved)) == {
        "type": "note_saved",
        "speaker": "지원자_1",
        "note": "좋다",
        "timestamp": None,
    }
    assert json.loads(encode_answer(Done(reply_to=ID, seq=3))) == {
        "type": "done",
        "reply_to": ID,
        "seq": 3,
    }
    assert json.loads(encode_answer(ErrorAnswer(code=ErrorCode.BAD_ID, error="No."))) == {
        "type": "error",
        "code": "bad_id",
        "error": "No.",
    }
    assert json.loads(encode_answer(Ping(timestamp=1.5))) == {"type": "ping", "timestamp": 1.5}


def test_no_answer_shares_its_name_with_a_command() -> None:
    names = [type_of(kind) for kind in COMMANDS] + [type_of(kind) for kind in ANSWERS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("session", ["a", "a" * 128, "면접 1", "...", "a?b#c", "%2F", "🙂"])
def test_a_session_id_may_be_nearly_anything(session: str) -> None:
    assert check_session_id(session) == session


@pytest.mark.parametrize("session", ["", "a" * 129, "a/b", "a\nb", "a\n", "\x00", "\x7f"])
def test_a_session_id_without_length_or_with_control_characters_is_refused(session: str) -> None:
    with pytest.raises(ClientError) as refused:
        check_session_id(session)
    assert refused.value.code is ErrorCode.BAD_SESSION
