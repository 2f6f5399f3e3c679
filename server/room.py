"""A session that somebody uses: what people and the clock make happen in it."""

import asyncio
import logging
import time
from dataclasses import dataclass

from pipeline.assembly import Ears
from pipeline.evaluation.evaluator import Evaluator
from pipeline.inference import Executor
from server import consent, decisions
from server.access import Principal
from server.attendance import Attendance, Connection, Door
from server.entrance.resumes import Resumes, new_token
from server.errors import ClientError, ErrorCode, JournalUnavailable, id_of_another_command
from server.events import SYSTEM, CloseReason, Joined, Left, SessionClosed, SessionConfig
from server.hearing.listening import Listening
from server.hearing.track import Track
from server.hearing.tracks import Tracks
from server.journal.protocol import Journal
from server.ledger import Committed, Decide, Ledger
from server.messages import ConfirmRoom, Consent, Mute, SpeakerNote, WithdrawConsent
from server.session import Life, Session
from server.settings import Settings
from server.tasks import Tasks

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """What every room shares."""

    journal: Journal
    executor: Executor
    ears: Ears
    evaluator: Evaluator
    settings: Settings
    holder: str


class Room:
    """One live or reviewed session. ``load`` it, ``close`` it."""

    def __init__(self, session: str, services: Services) -> None:
        self.services = services
        self.attendance = Attendance(services.settings.hold_seat_s)
        self.ledger = Ledger(session, services.journal, services.holder, self._tell)
        self.listening = Listening(self.ledger, services.ears, services.executor, self.evaluate)
        self.tracks = Tracks(
            self.ledger, services.ears, services.executor, self.attendance.whisper, self.evaluate
        )
        self._resumes = Resumes(services.settings.hold_seat_s)
        self.last_used = time.monotonic()
        self._tasks = Tasks(f"room {session}")
        self._ending: asyncio.Task[None] | None = None

    @property
    def session(self) -> Session:
        return self.ledger.session

    @property
    def id(self) -> str:
        return self.ledger.session.id

    @property
    def connections(self) -> dict[str, Connection]:
        return self.attendance.connections

    @property
    def life(self) -> Life:
        if self._ending is not None and not self.session.is_over:
            return Life.ENDING
        return self.session.life

    @property
    def is_busy(self) -> bool:
        is_hearing = self.listening.is_busy or self.tracks.is_busy
        return bool(self.connections) or is_hearing or self.life is Life.ENDING

    def now(self) -> float:
        """Return session seconds; an ended session's clock stands at its close."""
        return self.ledger.now()

    async def load(self, create: SessionConfig | None = None) -> None:
        """Read the journal, claim the session if it lives, and start its clock.

        Args:
            create: open the session with this configuration if it does not exist.

        Raises:
            ClientError: the journal fails.
        """
        await self.ledger.catch_up()
        if not self.session.exists and create is not None:
            await self.ledger.claim()
            await self.ledger.commit(
                lambda session, _: () if session.exists else (decisions.create(create),),
                by=SYSTEM,
            )
        elif self.session.exists and not self.session.is_over:
            await self.ledger.claim()
            self.ledger.go_on()
            await self._part_with_the_lost()
        if self.session.exists and not self.session.is_over:
            self._tasks.start(self._tick(), "clock")

    async def join(self, principal: Principal, door: Door, kind: str) -> Connection:
        """Let a person in; an ended session can still be read.

        Raises:
            ClientError: ``seat_taken``, ``unknown_seat``.
        """
        if principal.seat is not None:
            decisions.check_seat(self.session, principal.seat)
        connection = self.attendance.enter(principal, door, kind)
        self.last_used = time.monotonic()
        joined = Joined(
            connection=connection.id,
            role=str(principal.role),
            seat=principal.seat,
            name=principal.name,
        )
        await self._presence(joined, principal.author)
        return connection

    async def leave(self, connection: Connection) -> None:
        """Forget a connection; idempotent."""
        if self.attendance.part(connection):
            self.last_used = time.monotonic()
            self.listening.forget(connection.id)
            self._resumes.lose(connection.id, time.monotonic())
            await self._presence(Left(connection=connection.id), connection.principal.author)

    async def hear(
        self, connection: Connection, speaker: str | None, resume: str | None
    ) -> tuple[Track, str]:
        """Begin to listen to a connection's microphone; return it and a token to come back with.

        Args:
            connection: carries it.
            speaker: the seat that speaks into it; None: a room microphone.
            resume: the token of an earlier connection, by which a room microphone is known again.

        Raises:
            ClientError: ``session_over``, ``consent_required``, the journal fails.
        """
        link = connection.principal.link
        known = None if speaker else self._resumes.redeem(resume, link, time.monotonic())
        name = speaker or known or f"room-{connection.id}"
        if name in self.session.muted:  # Over the connection before; this one begins unmuted.
            self.tracks.replace(name)
            await self._commit(
                connection.principal, None, lambda session, _: decisions.mute(session, name, False)
            )
        track = self.tracks.open(connection.id, speaker, name)
        if speaker is not None:
            return track, new_token()
        return track, self._resumes.issue(link, connection.id, name, time.monotonic())

    async def note(self, principal: Principal, command: SpeakerNote) -> Committed:
        """Keep a note."""
        return await self._commit(
            principal, command.id, lambda session, at: (decisions.note(session, command, at),)
        )

    async def consent(self, principal: Principal, command: Consent) -> Committed:
        """Keep the consent of the person's own seat."""
        return await self._commit(
            principal, command.id, lambda session, _: consent.give(session, principal)
        )

    async def withdraw(self, principal: Principal, command: WithdrawConsent) -> Committed:
        """Keep the end of that consent; nobody listens from then on, kept or not."""
        try:
            return await self._commit(
                principal, command.id, lambda session, _: consent.withdraw(session, principal)
            )
        except JournalUnavailable:
            self.tracks.refuse(principal.seat)
            raise

    async def confirm(self, principal: Principal, command: ConfirmRoom) -> Committed:
        """Keep that everybody whom a room microphone hears has consented."""
        return await self._commit(
            principal, command.id, lambda session, _: consent.confirm(session)
        )

    async def mute(self, connection: Connection, command: Mute) -> Committed:
        """Mute the microphone that the connection carries, or listen to it again.

        Raises:
            ClientError: ``bad_request``: it carries none; ``session_over``; the journal fails.
        """
        track = self.tracks.of(connection.id)
        if track is None:
            raise ClientError(
                ErrorCode.BAD_REQUEST, "Mute over the peer connection that carries your microphone."
            )
        return await self._commit(
            connection.principal,
            command.id,
            lambda session, _: decisions.mute(session, track.name, command.is_muted),
        )

    async def evaluate(self) -> None:
        """Evaluate every applicant whose words have changed."""
        await self.ledger.commit(
            lambda session, at: decisions.evaluations(session, self.services.evaluator, at),
            by=SYSTEM,
            as_holder=True,
        )

    async def end(self, by: str, cmd: str | None = None, reason: CloseReason = "ended") -> None:
        """End the session once; everybody who asks waits for the same end.

        Raises:
            ClientError: the journal could not keep the end; the session lives on.
        """
        if self.session.is_over:
            return
        if self._ending is None:
            self._ending = self._tasks.spawn(self._end(by, cmd, reason), "end")
        await asyncio.shield(self._ending)

    async def settle(self) -> None:
        """Finish what is open and wait for its words, as long as the settings say."""
        patience_s = self.services.settings.end_patience_s
        await asyncio.gather(self.listening.settle(patience_s), self.tracks.settle(patience_s))

    async def close(self) -> None:
        """Stop everything that runs for this room; the journal has what was acknowledged."""
        self.attendance.dismiss(ErrorCode.SHUTTING_DOWN, 1001)
        await self.listening.close()
        await self.tracks.close()
        await self._tasks.close()
        await self.ledger.close()

    async def _part_with_the_lost(self) -> None:
        """Connections of a process that died never left; say so now."""
        lost = dict(self.session.present)
        if lost:
            self.tracks.recall({joined.seat for joined in lost.values()})
            await self.ledger.commit(
                lambda *_: [Left(connection=connection, reason="lost") for connection in lost],
                by=SYSTEM,
                as_holder=True,
            )

    async def _tick(self) -> None:
        """Renew the lease and evaluate at every 30 s of session time."""
        while not self.session.is_over:
            rest = decisions.TICK_S - self.now() % decisions.TICK_S
            await asyncio.sleep(rest + 0.001)
            try:
                await self.ledger.claim()
                await self.evaluate()
            except ClientError as error:
                log.warning("tick of %s: %s", self.id, error.code)
            except Exception:
                log.exception("evaluation of %s failed", self.id)

    async def _end(self, by: str, cmd: str | None, reason: CloseReason) -> None:
        log.info("session %s: live -> ending", self.id)
        try:
            await self.settle()
            await self.evaluate()
            await self.ledger.commit(
                lambda *_: (SessionClosed(reason=reason),), by=by, cmd=cmd, as_holder=True
            )
            if not self.session.is_over:
                raise id_of_another_command()
        except BaseException:
            self._ending = None
            self.listening.reopen()
            # Their microphones have been finished: they must come back, or nobody hears them.
            self.attendance.dismiss(ErrorCode.JOURNAL_UNAVAILABLE, 1011, "peer")
            raise
        log.info("session %s: ending -> review", self.id)
        self.attendance.dismiss(None, 1000)

    async def _presence(self, event: Joined | Left, by: str) -> None:
        """Record presence; a reader is served even when the journal cannot write."""
        if self.session.is_over:
            return
        try:
            await self.ledger.commit(lambda session, _: () if session.is_over else (event,), by=by)
        except ClientError as error:
            log.warning("presence in %s not recorded: %s", self.id, error.code)

    async def _commit(self, principal: Principal, cmd: str | None, decide: Decide) -> Committed:
        return await self.ledger.commit(decide, by=principal.author, cmd=cmd)

    def _tell(self) -> None:
        self.tracks.follow()
        self.attendance.tell(self.session.seq)
