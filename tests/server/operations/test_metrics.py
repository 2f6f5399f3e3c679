"""What the server counts: true after a real conversation, and nothing about people in it."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.captions import LagKind
from pipeline.finals import LATE, OVERLOADED
from pipeline.guards import DropReason
from pipeline.inference import Backlog, Overloaded, Stale
from pipeline.jobs import EngineError, Job, JobKind, Priority, Result
from pipeline.runner import ENGINE_FAILED
from server.api import context
from server.api.peer_line import MAX_WAITING_FRAMES, PeerLine
from server.entrance.gate import Caller, admit_scraper
from server.environment import from_environment
from server.errors import ClientError, ErrorCode, JournalUnavailable
from server.journal import protocol
from server.journal.measured import MeasuredJournal
from server.journal.sqlite.journal import SqliteJournal
from server.media.tally import Tally
from server.operations.gauges import VOICE_STATES
from server.operations.measured import MeasuredExecutor
from server.operations.metrics import DROPS, FATES, OTHER, RELAYED, REPLACEMENTS, Metrics
from tests.server.browsers import INTERVIEWER, Browsers, spoken, told
from tests.server.conftest import Client, Start, ask, until
from tests.server.fakes import ScriptedExecutor
from tests.server.stories import CREATED, draft
from tests.server.talk import (
    APPLICANT,
    connect,
    eventually,
    link,
    note,
    record,
    room_of,
    said,
    working,
)

TOKEN = "t" * 24
NOTE, WORDS, TITLE, NAME = "차분하게답함", "비밀스러운문장입니다.", "백엔드공채면접", "홍길동"
LABELS: Final = {
    "version": frozenset({"0.1.0", "unknown"}),
    "state": frozenset({"held", "read", "queued", "running", *VOICE_STATES}),
    "kind": frozenset({"socket", "peer", *map(str, LagKind), *map(str, JobKind)}),
    "reason": DROPS,
    "fate": frozenset(FATES),
    "replacement": frozenset(REPLACEMENTS),
    "what": RELAYED,
    "outcome": frozenset({"done", "failed"}),
}
"""Every label there is and all that may stand in it."""


class Scrape:
    """One answer of ``/metrics``."""

    def __init__(self, text: str) -> None:
        self.text = text
        families = text_string_to_metric_families(text)
        self.samples = [sample for family in families for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """Return the one sample of this name with these labels."""
        (found,) = (
            sample.value
            for sample in self.samples
            if sample.name == name and sample.labels == labels
        )
        return float(found)


async def scrape(client: Client, **headers: str) -> Scrape:
    response = await client.get("/metrics", headers=headers)
    assert response.status == 200, await response.text()
    assert response.content_type == "text/plain"
    return Scrape(await response.text())


async def counted(metrics: Metrics) -> Scrape:
    return Scrape((await metrics.text()).decode())


async def test_after_a_conversation_everything_is_counted_and_nobody_can_be_recognised(
    client: Client, browse: Browsers, executor: ScriptedExecutor
) -> None:
    executor.lines = [WORDS]
    session = "s1"
    body = {"session_id": session, "title": TITLE, "consent": "external"}
    seats = [{"seat": APPLICANT, "name": NAME}, {"seat": INTERVIEWER}]
    answer = await client.post(
        "/api/v1/realtime-interview/interview/session", json={**body, "seats": seats}
    )
    links = [each["token"] for each in (await answer.json())["links"]]
    reader = await connect(client, session)
    await ask(reader, {"type": "subscribe"})
    await browse(APPLICANT, speaks=spoken())
    await until(reader, "utterance_final")
    assert client.app is not None
    room = await client.app[context.ROOMS].find(session)
    journal = await client.app[context.JOURNAL].read(session)
    await reader.send_json(note(NOTE))
    await until(reader, "note_saved")
    found = await first_final(client)

    assert found.value("daedam_ready") == 1
    assert found.value("daedam_sessions", state="held") == 1
    assert found.value("daedam_sessions", state="read") == 0
    assert found.value("daedam_connections", kind="socket") == 1
    assert found.value("daedam_connections", kind="peer") == 1
    assert found.value("daedam_tracks") == 1
    assert found.value("daedam_caption_lag_seconds_count", kind="first_interim") >= 1
    assert found.value("daedam_journal_append_seconds_count") >= 4
    assert found.value("daedam_journal_failures_total") == 0
    assert found.value("daedam_model_audio_seconds_total", kind="transcribe") > 1
    assert found.value("daedam_media_packets_total", fate="received") > 10
    assert found.value("daedam_media_packets_total", fate="malformed") == 0
    assert found.value("daedam_loop_lag_seconds_count") > 1
    assert found.value("process_resident_memory_bytes") > 1e6

    for sample in found.samples:
        for label, value in sample.labels.items():
            assert label == "le" or value in LABELS[label], sample
    people = {
        NOTE,
        WORDS.strip("."),
        TITLE,
        NAME,
        APPLICANT,
        INTERVIEWER,
        *links,
        *room.connections,
    }
    people |= {entry.by for entry in journal if entry.by != "system"}
    assert len(people) >= 10
    assert not [secret for secret in people if secret in found.text]


async def first_final(client: Client) -> Scrape:
    """Return the first scrape that has counted a final: its lag comes right after it."""

    async def look() -> list[Scrape]:
        found = await scrape(client)
        return [found] if found.value("daedam_caption_lag_seconds_count", kind="final") else []

    return (await eventually(look))[0]


async def test_a_session_that_has_ended_is_only_read(client: Client) -> None:
    await ask(await connect(client), {"type": "session_end"})
    await record(client)
    found = await scrape(client)
    assert found.value("daedam_sessions", state="held") == 0
    assert found.value("daedam_sessions", state="read") == 1


async def test_what_waits_for_a_model_is_told(client: Client, executor: ScriptedExecutor) -> None:
    executor.gate.clear()
    socket = await connect(client)
    await socket.send_json(said(speaker=APPLICANT))
    await working(executor)
    assert (await scrape(client)).value("daedam_queue_jobs", state="running") == 1
    executor.gate.set()


async def test_a_recording_that_got_no_words_is_a_drop(
    client: Client, executor: ScriptedExecutor
) -> None:
    executor.error = EngineError("no model")
    await ask(await connect(client), said(speaker=APPLICANT))
    assert (await scrape(client)).value("daedam_drops_total", reason=ENGINE_FAILED) == 1


async def test_live_speech_that_got_no_words_is_a_drop(
    client: Client, browse: Browsers, executor: ScriptedExecutor
) -> None:
    executor.error = EngineError("no model")
    await connect(client)
    listener = await browse(INTERVIEWER)
    await listener.say("interview", json.dumps({"type": "subscribe"}))
    await browse(APPLICANT, speaks=spoken())
    await told(listener, "utterance_dropped")
    found = await scrape(client)
    assert found.value("daedam_drops_total", reason=ENGINE_FAILED) >= 1
    assert found.value("daedam_caption_lag_seconds_count", kind="final") == 0


async def test_who_reads_too_slowly_is_counted_once(client: Client) -> None:
    socket = await connect(client)
    await ask(socket, {"type": "subscribe"})
    room = await room_of(client)
    for _ in range(2):
        room.attendance.dismiss(ErrorCode.SLOW_CONSUMER, 4008)
    await until(socket, "error")
    assert (await scrape(client)).value("daedam_drops_total", reason="slow_reader") == 1


async def test_who_sends_too_fast_is_counted() -> None:
    metrics = Metrics()
    line = PeerLine("", metrics)
    for _ in range(MAX_WAITING_FRAMES):
        line.on_text("interview", "{}")
    assert (await counted(metrics)).value("daedam_drops_total", reason="fast_sender") == 0
    line.on_text("interview", "{}")
    assert (await counted(metrics)).value("daedam_drops_total", reason="fast_sender") == 1


async def test_what_became_of_packets_is_added_up() -> None:
    metrics = Metrics()
    line = PeerLine("", metrics)
    line.on_reception(Tally(received=40, lost=9, recovered=1, concealed_s=0.1, missing_s=0.06))
    line.on_reception(Tally(received=50, lost=1, late=1))
    found = await counted(metrics)
    fates = {"received": 90, "lost": 10, "recovered": 1, "late": 1, "duplicate": 0}
    for fate, count in fates.items():
        assert found.value("daedam_media_packets_total", fate=fate) == count
    seconds = {"concealed": 0.1, "missing": 0.06}
    for replacement, duration_s in seconds.items():
        found_s = found.value("daedam_media_lost_seconds_total", replacement=replacement)
        assert found_s == pytest.approx(duration_s)


@pytest.fixture
async def broken(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    journal = await asyncio.to_thread(SqliteJournal, tmp_path / "journal.sqlite3")
    yield journal
    await journal.close()


async def test_only_acknowledged_appends_are_timed_and_only_failures_counted(
    broken: SqliteJournal,
) -> None:
    metrics = Metrics()
    journal = MeasuredJournal(broken, metrics)
    assert (await journal.append("s1", [draft(CREATED)])).seqs == (1,)
    with pytest.raises(protocol.Conflict):
        await journal.append("s1", [draft(CREATED)], expect=7)
    await journal.close()
    with pytest.raises(JournalUnavailable):
        await journal.append("s1", [draft(CREATED)])
    found = await counted(metrics)
    assert found.value("daedam_journal_append_seconds_count") == 1
    assert found.value("daedam_journal_failures_total") == 1


async def test_a_session_can_be_restored_through_the_measured_journal(
    broken: SqliteJournal,
) -> None:
    journal = MeasuredJournal(broken, Metrics())
    await journal.append("s1", [draft(CREATED)])
    entries = await journal.read("s1")
    await journal.restore("s2", entries)
    assert await journal.read("s2") == entries
    assert journal.lease_s == broken.lease_s


class Refusing:
    """An ``Executor`` that answers nothing."""

    def __init__(self, error: EngineError) -> None:
        self._error = error

    async def submit(self, job: Job) -> Result:
        raise self._error

    def backlog(self, session: str | None = None) -> Backlog:
        return Backlog(0, 0, 0.0)


def job(priority: Priority) -> Job:
    return Job(
        id=uuid.uuid4().hex,
        kind=JobKind.TRANSCRIBE,
        model="whisper-base",
        session="s1",
        priority=priority,
        arrays={"samples": np.zeros(32000, np.float32)},
    )


@pytest.mark.parametrize(
    ("error", "reason"), [(Stale(""), "stale_interim"), (Overloaded(""), "refused_interim")]
)
async def test_interims_that_were_given_up_are_counted_here_and_finals_with_their_utterance(
    error: EngineError, reason: str
) -> None:
    metrics = Metrics()
    executor = MeasuredExecutor(Refusing(error), metrics)
    for priority in Priority:
        with pytest.raises(type(error)):
            await executor.submit(job(priority))
    found = await counted(metrics)
    drops = [sample.value for sample in found.samples if sample.name == "daedam_drops_total"]
    assert sum(drops) == found.value("daedam_drops_total", reason=reason) == 1
    assert found.value("daedam_model_audio_seconds_total", kind="transcribe") == 0


class Costly(ScriptedExecutor):
    """Takes half a second of processor time a job."""

    async def submit(self, job: Job) -> Result:
        return Result(job=job.id, cpu_s=0.5)


async def test_processor_time_stands_beside_the_sound_it_was_for() -> None:
    metrics = Metrics()
    executor = MeasuredExecutor(Costly(), metrics)
    for _ in range(3):
        await executor.submit(job(Priority.FINAL))
    found = await counted(metrics)
    assert found.value("daedam_model_audio_seconds_total", kind="transcribe") == 6
    assert found.value("daedam_model_cpu_seconds_total", kind="transcribe") == 1.5


async def test_no_label_ever_takes_what_is_not_in_its_list() -> None:
    metrics = Metrics()
    metrics.count_drop(NAME)
    metrics.observe_lag(NAME, 1.0)
    metrics.count_model(NAME, 1.0, 1.0)
    metrics.count_relayed(NAME, is_done=True)
    found = await counted(metrics)
    assert NAME not in found.text
    assert found.value("daedam_drops_total", reason=OTHER) == 1
    assert found.value("daedam_relayed_total", what=OTHER, outcome="done") == 1


def test_every_reason_that_the_record_gives_for_dropped_speech_is_in_the_list() -> None:
    assert {*map(str, DropReason), ENGINE_FAILED, OVERLOADED, LATE} <= DROPS


async def test_every_series_exists_before_anything_has_happened() -> None:
    found = await counted(Metrics())
    for reason in DROPS:
        assert found.value("daedam_drops_total", reason=reason) == 0
    for kind in LagKind:
        assert found.value("daedam_caption_lag_seconds_count", kind=str(kind)) == 0
    assert found.value("daedam_relayed_total", what="offer", outcome="failed") == 0
    assert found.value("daedam_takeovers_total") == 0


async def test_two_servers_in_one_process_count_for_themselves() -> None:
    one, other = Metrics(), Metrics()
    one.count_takeover()
    assert (await counted(one)).value("daedam_takeovers_total") == 1
    assert (await counted(other)).value("daedam_takeovers_total") == 0


def who(
    peer: str = "127.0.0.1",
    host: str = "127.0.0.1:8000",
    token: str | None = None,
    is_forwarded: bool = False,
) -> Caller:
    return Caller(peer, host, None, token, is_forwarded)


def settings(**variables: str) -> Any:
    named = {f"DAEDAM_{name}": value for name, value in variables.items()}
    return from_environment({"DAEDAM_SECRET": "s" * 40, **named})


@pytest.mark.parametrize(
    ("caller", "under"),
    [
        (who(), settings()),
        (who("::1", "[::1]:8000"), settings()),
        (who(host="localhost"), settings(METRICS_TOKEN=TOKEN)),
        (who("10.0.0.9", "server:8000", TOKEN), settings(METRICS_TOKEN=TOKEN)),
        (who("10.0.0.9", "x", TOKEN, is_forwarded=True), settings(METRICS_TOKEN=TOKEN)),
        # Without a token of the server's, what a program sends along does not matter.
        (who(token="whatever"), settings()),
    ],
)
def test_this_machine_and_whoever_has_the_token_may_scrape(caller: Caller, under: Any) -> None:
    admit_scraper(caller, under)


@pytest.mark.parametrize(
    ("caller", "under", "status"),
    [
        (who("10.0.0.9", "server:8000"), settings(), 403),
        (who("10.0.0.9", "server:8000"), settings(METRICS_TOKEN=TOKEN), 401),
        (who("10.0.0.9", "x"), settings(LEGACY_NETWORKS="10.0.0.0/8"), 403),
        (who(is_forwarded=True), settings(), 403),
        (who(), settings(TRUSTED_PROXIES="127.0.0.1"), 403),
        (who(host="rebound.example"), settings(), 403),
        (who(token="wrong"), settings(METRICS_TOKEN=TOKEN), 401),
        (who(token="\udcff"), settings(METRICS_TOKEN=TOKEN), 401),
        (who(token=TOKEN[:-1]), settings(METRICS_TOKEN=TOKEN), 401),
    ],
)
def test_nobody_else_may(caller: Caller, under: Any, status: int) -> None:
    with pytest.raises(ClientError) as refused:
        admit_scraper(caller, under)
    assert refused.value.status == status


async def test_a_refusal_is_the_usual_json_and_a_link_is_no_token(start: Start) -> None:
    client = await start(metrics_token=TOKEN)
    forwarded = {"X-Forwarded-For": "10.0.0.9"}
    operator = {"Authorization": f"Bearer {link(client, role='operator')}"}
    for headers in (forwarded, {**forwarded, **operator}):
        response = await client.get("/metrics", headers=headers)
        assert response.status == 401
        assert (await response.json())["code"] == "forbidden"
    found = await scrape(client, Authorization=f"Bearer {TOKEN}", **forwarded)
    assert found.value("daedam_ready") == 1
