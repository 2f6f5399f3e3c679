"""What runs where a session is held: its ears, its clock, its end."""

import asyncio
import logging
import time
from collections.abc import Callable

from pipeline.speakers.job_models import JobVoiceModels
from server import decisions
from server.attendance import Attendance, Connection
from server.entrance.resumes import Resumption
from server.errors import ClientError, ErrorCode, HeldElsewhere, id_of_another_command
from server.events import SYSTEM, CloseReason, SessionClosed
from server.finalpass import FINAL_PASS_S, final_pass
from server.hearing.feed import Feed
from server.hearing.listening import Listening
from server.hearing.outlets import Outlets, mix_nothing
from server.hearing.tracks import Tracks
from server.hearing.voices import SessionVoices
from server.lease import LOOK_S, keep_lease, keep_lease_while
from server.ledger import Committed, Ledger
from server.messages import Missed, Mute, Signal
from server.mixing.stage import Stage
from server.register import part_with_the_lost
from server.services import Services
from server.session import Session
from server.store import voices
from server.store.custody import Custody
from server.store.retention import is_own
from server.store.voices import VoiceFiles
from server.tasks import Tasks
from server.ticks import tick

log = logging.getLogger(__name__)

STAGE_HZ = {"wideband": 16_000, "fullband": 48_000}


class Holding:
    """The holder's part of a room; ``begin`` it, ``close`` it when it is somebody else's."""

    def __init__(
        self,
        services: Services,
        ledger: Ledger,
        attendance: Attendance,
        whisper: Callable[[Signal], None],
        on_deposed: Callable[[], None],
    ) -> None:
        """Hold the session of ``ledger``, which has claimed it.

        Args:
            services: what every room shares.
            ledger: the session's.
            attendance: who is connected to this process.
            whisper: passes signals on to everybody, here and elsewhere; must not block.
            on_deposed: called once when another process has taken the session over, or may have.
        """
        self._services = services
        self._ledger = ledger
        self._attendance = attendance
        self._on_deposed = on_deposed
        ears, executor, metrics = services.ears, services.executor, services.metrics
        session = ledger.session
        self.voices = SessionVoices(
            session,
            JobVoiceModels(executor, session.id),
            VoiceFiles(services.settings.data / voices.FOLDER),
            is_wanted=services.settings.speakers,
        )
        self.listening = Listening(ledger, ears, executor, self.evaluate, metrics, self.voices)
        self.custody = Custody(ledger.session, services.store)
        self.stage = Stage(STAGE_HZ[services.settings.mix])
        is_heard = ledger.session.config.hear_each_other
        outlets = Outlets(
            record=self.custody.record,
            mix=self.stage.take if is_heard else mix_nothing,
            forget=self.stage.forget,
        )
        self.tracks = Tracks(
            ledger,
            ears,
            executor,
            whisper,
            self.evaluate,
            metrics,
            outlets,
            services.settings.hold_seat_s,
            self.voices,
        )
        self._guests: set[str] = set()
        """Connections of other processes that send recordings here."""
        self._tasks = Tasks(f"holding {ledger.session.id}")
        self._ending: asyncio.Task[None] | None = None
        self._checking: asyncio.Task[None] | None = None
        """The final pass."""

    @property
    def is_ending(self) -> bool:
        return self._ending is not None and not self._session.is_over

    @property
    def is_busy(self) -> bool:
        after = (self._ending, self._checking)
        return self._is_hearing or any(task is not None and not task.done() for task in after)

    @property
    def _has_shared_words(self) -> bool:
        """Whether anything was said at a microphone that several people share."""
        is_on = self._services.settings.speakers
        return is_on and any(not is_own(spoken.track) for spoken in self._session.spoken)

    @property
    def _is_hearing(self) -> bool:
        return self.listening.is_busy or self.tracks.is_busy

    @property
    def _session(self) -> Session:
        return self._ledger.session

    async def begin(self) -> None:
        """Part with whoever was lost, and start the session's clock.

        Raises:
            ClientError: the journal fails.
        """
        await self.voices.begin()
        # What their microphones said since the last final is missing, whoever comes back.
        elsewhere = set(self._session.present) - set(self._attendance.connections)
        self.tracks.recall(elsewhere)
        await self.part_with_the_lost()
        self._tasks.start(self._keep_lease(), "lease")
        self._tasks.start(tick(self._ledger, self.evaluate, self.part_with_the_lost), "clock")

    async def part_with_the_lost(self) -> None:
        """Connections of a process that died never left; say so now."""
        await part_with_the_lost(self._ledger, self._attendance, self._services.exchange)

    def follow(self) -> None:
        """Do what the session says now; never raises."""
        self.tracks.follow()
        self.custody.follow()
        self.voices.follow()
        for connection in [one for one in self._guests if one not in self._session.present]:
            self._guests.discard(connection)
            self.listening.forget(connection)

    def receive(self, connection: str) -> None:
        """Finish the recordings of another process's connection when it has left."""
        if connection in self._session.present:
            self._guests.add(connection)

    def microphone_name(
        self, connection: str, link: str | None, speaker: str | None, resume: str | None
    ) -> Resumption:
        """Return as what a coming connection's microphone comes in, see ``Resumes.go_on``."""
        resumes, session = self._services.resumes, self._session.id
        found = resumes.go_on(session, link, connection, speaker, resume)
        if found.earlier is not None and not self.tracks.goes_on(found):
            log.info("connection %s shows a resume token that was used before", connection)
            return resumes.go_on(session, link, connection, speaker)
        return found

    async def hear(
        self,
        connection: Connection,
        speaker: str | None,
        resumption: Resumption,
        ask: Callable[[Missed], None] | None,
    ) -> Feed:
        """Begin to listen to a connection's microphone.

        Args:
            connection: carries it.
            speaker: the seat that speaks into it; None: a room microphone.
            resumption: what ``microphone_name`` said of this connection.
            ask: asks its page for sound that got lost, and must not block; None: it keeps none.

        Raises:
            ClientError: ``session_over``, ``consent_required``, the journal fails.
        """
        name = resumption.name
        if name in self._session.muted:  # Over the connection before; this one begins unmuted.
            await self._ledger.commit(
                lambda session, _: decisions.mute(session, name, False),
                by=connection.principal.author,
            )
        return self.tracks.open(connection.id, speaker, resumption, ask)

    def lose(self, connection: str) -> float | None:
        """A connection to this process has gone; return until when its microphone was heard."""
        self.listening.forget(connection)
        return self.tracks.part(connection)

    async def mute(self, connection: Connection, command: Mute) -> Committed:
        """Mute the microphone that the connection carries, or listen to it again.

        Raises:
            ClientError: ``bad_request``: it carries none; ``session_over``; the journal fails.
        """
        track = self.tracks.of(connection.id)
        if track is None:
            raise no_microphone()
        return await self._ledger.commit(
            lambda session, _: decisions.mute(session, track.name, command.is_muted),
            by=connection.principal.author,
            cmd=command.id,
        )

    async def evaluate(self) -> None:
        """Evaluate every applicant whose words have changed."""
        await self._ledger.commit(
            lambda session, at: decisions.evaluations(session, self._services.evaluator, at),
            by=SYSTEM,
            as_holder=True,
        )

    async def end(self, by: str, cmd: str | None = None, reason: CloseReason = "ended") -> None:
        """End the session once; everybody who asks waits for the same end.

        Raises:
            HeldElsewhere: another process took the session over meanwhile.
            ClientError: the journal could not keep the end; the session lives on.
        """
        if self._session.is_over:
            return
        if self._ending is None:
            self._ending = self._tasks.spawn(self._end(by, cmd, reason), "end")
        ending = self._ending
        await asyncio.wait({ending})  # Who goes away does not take it back.
        if ending.cancelled():
            raise HeldElsewhere
        ending.result()

    async def settle(self, *, is_end: bool = False) -> None:
        """Finish what is open and wait for its words, as long as the settings say.

        Args:
            is_end: of the session, not of this process.
        """
        patience_s = self._services.settings.end_patience_s
        await asyncio.gather(
            self.listening.settle(patience_s), self.tracks.settle(patience_s, is_end=is_end)
        )

    async def close(self) -> None:
        """Stop at once; ``settle`` comes first where words still count."""
        self.stage.close()
        await self.listening.close()
        await self.tracks.close()
        await self._tasks.close()
        if self._session.is_over:
            await self.voices.end()
            await self.custody.settle()
        await self.voices.close(is_ours=not self._ledger.deposed.is_set())
        await self.custody.close()

    async def _keep_lease(self) -> None:
        """Hold the session while it lives and its last words are written down."""
        if not await keep_lease(self._ledger):
            self._on_deposed()
            return
        if not await keep_lease_while(self._ledger, lambda: self.is_busy):
            self._on_deposed()
            return
        await self._ledger.release()
        await self.custody.settle()

    async def _end(self, by: str, cmd: str | None, reason: CloseReason) -> None:
        log.info("session %s: live -> ending", self._session.id)
        try:
            await self.settle(is_end=True)
            await self.evaluate()
            await self._ledger.commit(
                lambda *_: (SessionClosed(reason=reason),), by=by, cmd=cmd, as_holder=True
            )
            if not self._session.is_over:
                raise id_of_another_command()
        except BaseException:
            self._ending = None
            self.listening.reopen()
            # Their microphones have been finished: they must come back, or nobody hears them.
            self._attendance.dismiss(ErrorCode.JOURNAL_UNAVAILABLE, 1011, "peer")
            raise
        log.info("session %s: ending -> review", self._session.id)
        checking = self._tasks.spawn(self._check_speakers(), "final pass")
        # Where nobody's voice is known and no label can change, nothing keeps others from erasing.
        if self._is_hearing or self._has_shared_words or self.voices.gallery.voices:
            self._checking = checking

    async def _check_speakers(self) -> None:
        """Hear the room microphones as a whole, where that is wanted; then know no voice more.

        Last words may take their time. Voices are forgotten when theirs is over all the same.
        """
        services = self._services
        until = time.monotonic() + FINAL_PASS_S
        try:
            async with asyncio.timeout(FINAL_PASS_S):
                while self._is_hearing:  # noqa: ASYNC110  # streams and tracks do not tell the end
                    await asyncio.sleep(LOOK_S)
                if services.settings.final_pass and self._has_shared_words:
                    checking = await final_pass(services, self._ledger, self.voices, until)
                    await checking.attempt(self.evaluate)
        except TimeoutError:
            log.warning("session %s: no time was left for the final pass", self._session.id)
        finally:
            await self.voices.end()


def no_microphone() -> ClientError:
    """Return the refusal of a mute by a connection that carries no microphone."""
    return ClientError(
        ErrorCode.BAD_REQUEST, "Mute over the peer connection that carries your microphone."
    )
