"""Corrections over the WebSocket: during the interview and after it."""

import json

from tests.server.conftest import Client, ask, until
from tests.server.talk import (
    APPLICANT,
    INTERVIEWER,
    connect,
    create,
    events,
    link,
    new_id,
    note,
    record,
    room_of,
    said,
    sit,
)

OTHER = "지원자_2"


async def heard(client: Client) -> str:
    """Let an applicant say something; return the name of the line."""
    operator = await connect(client)
    await ask(operator, said(speaker=APPLICANT))
    [line] = (await record(client))["transcripts"]
    await operator.close()
    return str(line["segment"])


async def speakers(client: Client) -> list[str]:
    return [line["speaker"] for line in (await record(client))["transcripts"]]


async def test_a_line_is_moved_and_everybody_is_told(client: Client) -> None:
    line = await heard(client)
    reader = await connect(client)
    await reader.send_json({"type": "subscribe"})
    await until(reader, "caught_up")
    interviewer = await sit(client, INTERVIEWER)
    command = {"type": "move_segment", "segment": line, "seat": OTHER, "id": new_id()}
    done = await ask(interviewer, command)
    assert (done["type"], done["reply_to"]) == ("done", command["id"])
    told = (await until(reader, "segment_voiced"))[-1]
    assert (told["seq"], told["by"], told["segment"]) == (done["seq"], INTERVIEWER, line)
    assert await speakers(client) == [OTHER]
    assert (await record(client))["transcripts"][0]["is_moved"] is True


async def test_a_correction_sent_again_is_made_once(client: Client) -> None:
    await heard(client)
    socket = await connect(client)
    voice = (await events(client, kind="voice_assigned"))[0]["voice"]
    command = {"type": "name_voice", "voice": voice, "seat": OTHER, "id": new_id()}
    assert await ask(socket, command) == await ask(socket, command)
    assert len(await events(client, kind="voice_assigned")) == 2


async def test_after_the_end_the_record_is_put_right_and_evaluated_anew_at_once(
    client: Client,
) -> None:
    line = await heard(client)
    operator = await connect(client)
    before = (await ask(operator, {"type": "session_end"}))["final_result"]
    assert [one["speaker"] for one in before["evaluations"]] == [APPLICANT]
    reviewer = await sit(client, INTERVIEWER)
    moved = await ask(
        reviewer, {"type": "move_segment", "segment": line, "seat": OTHER, "id": new_id()}
    )
    assert moved["type"] == "done"
    after = await record(client)
    assert after["life"] == "review"
    assert after["revision"] > before["revision"]
    newest = {one["speaker"]: one for one in after["evaluations"]}
    assert newest[APPLICANT]["score"] == 0
    assert newest[OTHER]["score"] == before["evaluations"][0]["score"] > 0
    seqs = [moved["seq"], moved["seq"] + 1]
    assert [one["type"] for one in await events(client) if one["seq"] in seqs] == [
        "segment_voiced",
        "voice_assigned",
    ]
    # The first is all that whoever corrects a record is told.
    undone = await ask(reviewer, {"type": "retract", "of": [moved["seq"]], "id": new_id()})
    assert undone["type"] == "done"
    again = await record(client)
    assert again["transcripts"] == before["transcripts"]
    assert again["average_score"] == before["average_score"]


async def test_after_the_end_notes_are_edited_and_withdrawn_but_none_are_added(
    client: Client,
) -> None:
    await create(client)
    token = link(client, "s1", seat=INTERVIEWER)
    interviewer = await connect(client, token=token)
    kept = await ask(interviewer, {**note("하나"), "id": new_id()})
    await ask(await connect(client), {"type": "session_end"})
    reviewer = await connect(client, token=token)
    edited = await ask(reviewer, {"type": "edit_note", "of": kept["seq"], "note": "둘"})
    assert edited["type"] == "done"
    [recorded] = (await record(client))["speaker_notes"][APPLICANT]
    assert (recorded["note"], recorded["is_edited"]) == ("둘", True)
    theirs = await ask(await connect(client), {"type": "retract", "of": [kept["seq"]]})
    assert theirs["code"] == "not_yours"
    assert (await ask(reviewer, {"type": "retract", "of": [kept["seq"]]}))["type"] == "done"
    assert (await record(client))["speaker_notes"] == {}
    assert (await ask(reviewer, note("늦음")))["code"] == "session_over"


async def test_only_who_directs_corrects(client: Client) -> None:
    line = await heard(client)
    applicant = await sit(client, APPLICANT)
    for command in (
        {"type": "move_segment", "segment": line, "seat": OTHER},
        {"type": "edit_segment", "segment": line, "text": "제가 더 잘했습니다"},
        {"type": "retract", "of": [2]},
    ):
        assert (await ask(applicant, command))["code"] == "forbidden"
    assert await speakers(client) == [APPLICANT]


async def test_an_erased_record_takes_no_corrections(client: Client) -> None:
    line = await heard(client)
    await ask(await connect(client), {"type": "session_end"})
    room = await room_of(client)
    assert (await client.delete(f"/api/v1/realtime-interview/interview/session/{room.id}")).ok
    socket = await connect(client)
    answer = await ask(socket, {"type": "move_segment", "segment": line, "seat": OTHER})
    assert answer["code"] == "session_over"
    assert OTHER not in json.dumps(await events(client, kind="segment_voiced"))
