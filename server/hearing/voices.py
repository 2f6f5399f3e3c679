"""The voices of one session where it is held: who was enrolled, who was heard, told apart."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from weakref import WeakSet

import msgspec

from pipeline.speakers.attribution import Attribution
from pipeline.speakers.gallery import Gallery
from pipeline.speakers.models import Embedding, VoiceModels
from pipeline.speakers.turns import Provisional
from pipeline.voicing import Attributor
from server.errors import ClientError
from server.events import SessionConfig
from server.hearing.health import Health, WatchedModels
from server.session import Session
from server.store.voices import VoiceFiles
from server.tasks import Tasks

log = logging.getLogger(__name__)

SAVE_EVERY_S = 5.0
"""A restart forgets at most so much of what was learnt by listening."""
SAVE_S = 2.0
"""How long ``close`` waits for the disk."""
SAME = 0.5
"""Cosine from which a voice that was named by hand is taken for the one that enrols."""
FEWEST = 2
"""Voices that are expected at one microphone at least."""


class SessionVoices:
    """What a holding knows of voices: in memory, and of enrolled ones in a file.

    ``begin`` it, ``close`` it; ``end`` when nobody is told apart any more.

    Attributes:
        models: for an enrolment; each call is a job.
        gallery: the voices themselves.
    """

    def __init__(
        self, session: Session, models: VoiceModels, files: VoiceFiles, *, is_wanted: bool
    ) -> None:
        """Know nobody yet.

        Args:
            session: the fold, which goes on.
            models: tell voices apart.
            files: where enrolled voices are kept for a restart.
            is_wanted: whether voices are told apart at all, as the settings say.
        """
        self._session = session
        self._watched = WatchedModels(models)
        self.models: VoiceModels = self._watched
        self._files = files
        self._is_wanted = is_wanted
        self.gallery = Gallery(expected(session.config), new_name)
        self._pending: dict[str, str] = {}
        """Voice → seat of those that were enrolled and are not in the journal yet."""
        self._agreed: set[str] = set()
        """Voices whose persons let them be learnt; what is known of others is never kept."""
        self._saved = self.gallery.revision
        self._is_kept = False
        """Whether there may be a file."""
        self._saving = asyncio.Lock()
        self._attributions: WeakSet[Attribution] = WeakSet()
        self._tasks = Tasks(f"voices {session.id}")
        self._saves = Tasks(f"voices of {session.id}")
        self._is_warm = False
        self._is_ended = False

    @property
    def is_on(self) -> bool:
        """Whether voices can be told apart: neither switched off nor without working models."""
        return self._is_wanted and not self._watched.failure

    @property
    def enrolled(self) -> frozenset[str]:
        """The seats whose voices were learnt."""
        seats = map(self._seat, self._learnt())
        return frozenset(seat for seat in seats if seat is not None)

    async def begin(self) -> None:
        """Remember what was enrolled before a restart, and keep what is learnt from now on."""
        if not self._is_wanted:
            # Nobody here would unlearn the voice of a person who asks for it later.
            await self._save(is_certain=True)
            return
        await self._load()
        self._tasks.start(self._keep(), "keep")
        if any(place.microphone == "room" for place in self._session.config.seats):
            self._warm()

    def attribution(
        self, publish: Callable[[Provisional], None] | None = None
    ) -> Attribution | None:
        """Return what tells the voices of one room microphone apart; None: nobody does.

        Args:
            publish: gets who seems to speak now, and must not block; None: for recordings.
        """
        if not self._is_wanted or self._is_ended:
            return None
        self._warm()
        made = Attribution(self.models, self.gallery, publish)
        self._attributions.add(made)
        return made

    def health(self, attributor: Attributor | None) -> Health:
        """Return whether the voices of one room microphone are told apart."""
        if not self._is_wanted or attributor is None:
            return Health("off", "disabled")
        if self._watched.failure:
            return Health("off", self._watched.failure)
        return Health("behind" if attributor.is_behind else "on")

    def enrol(self, seat: str, embedding: Embedding) -> str:
        """Learn the voice of the person in ``seat``; return its name, which the caller journals.

        It is a voice that the seat has already where that is the same person's, else a new one.
        """
        voice = self._voice_for(seat, embedding)
        self.gallery.enrol(voice, embedding)
        self._pending[voice] = seat
        self._agreed.add(voice)
        self._tasks.start(self._save(), "save")
        return voice

    def embedding_of(self, seat: str) -> Embedding | None:
        """Return by what the voice enrolled for ``seat`` is recognised; None: there is none."""
        known = self.gallery.voices
        return next(
            (known[voice].embedding for voice in self._learnt() if self._seat(voice) == seat), None
        )

    def alike(self, seat: str, embedding: Embedding) -> tuple[str, ...]:
        """Return the other seats whose enrolled voices are hard to tell from this one."""
        alike = [
            self._seat(voice) for voice in self.gallery.alike(embedding) if voice in self._agreed
        ]
        return tuple(dict.fromkeys(other for other in alike if other and other != seat))

    def forget(self, seat: str) -> bool:
        """Unlearn the voice of the person in ``seat``; return whether it was learnt."""
        voices = self._of(seat)
        was_learnt = any(voice in self._agreed for voice in voices)
        for voice in voices:
            self.gallery.forget(voice)
            self._agreed.discard(voice)
            self._pending.pop(voice, None)
        self._tasks.start(self._save(), "save")
        return was_learnt

    def follow(self) -> None:
        """Do what the session says now: people name voices, merge them, and withdraw consent."""
        for seat in self._session.withdrawn:
            if self._of(seat):
                self.forget(seat)
        merged = self._session.account.naming.merged
        for voice in [voice for voice in self.gallery.voices if voice in merged]:
            self.gallery.merge(voice, merged[voice])
            if voice in self._agreed:
                self._agreed.add(merged[voice])
        for voice, known in list(self.gallery.voices.items()):
            if not known.is_enrolled and self._session.voices.get(voice) is not None:
                self.gallery.confirm(voice)

    async def end(self) -> None:
        """Forget every voice, in the file too; never raises."""
        self._is_ended = True
        await self._tasks.close()
        for voice in list(self.gallery.voices):
            self.gallery.forget(voice)
        await self._save(is_certain=True)

    async def close(self, *, is_ours: bool = True) -> None:
        """Keep what was learnt for whoever holds the session next.

        Args:
            is_ours: false where somebody holds it already, who keeps what they learn.
        """
        await self._tasks.close()
        for made in list(self._attributions):
            await made.close()
        if is_ours and self._is_wanted and not self._is_ended:
            await self._save()
        await self._saves.wait(SAVE_S)

    def _warm(self) -> None:
        """Let the models be loaded, once, before somebody waits for what they say."""
        if not self._is_warm:
            self._is_warm = True
            self._tasks.start(self._watched.warm(), "warm")

    def _seat(self, voice: str) -> str | None:
        return self._session.voices.get(voice, self._pending.get(voice))

    def _of(self, seat: str) -> list[str]:
        """Return the known voices of the person in ``seat``.

        What they enrolled stays theirs to take back, whosever it is said to be since.
        """
        enrolled = self._session.enrolled.get(seat)
        own = () if enrolled is None else (enrolled, self._session.account.naming.root(enrolled))
        known = self.gallery.voices
        return [voice for voice in known if self._seat(voice) == seat or voice in own]

    def _voice_for(self, seat: str, embedding: Embedding) -> str:
        known = self.gallery.voices
        named = [*self._pending, *self._session.voices]
        own = [voice for voice in named if self._seat(voice) == seat]
        own = [voice for voice in own if voice not in self._session.account.naming.merged]
        alike = set(self.gallery.alike(embedding, SAME))
        for voice in own:
            if voice in self._agreed & known.keys() or voice in alike:
                return voice
        for voice in own:
            if voice not in known:
                return voice
        return new_name()

    def _learnt(self) -> list[str]:
        """Return the voices that are known because their persons let them be learnt."""
        return [voice for voice in self.gallery.voices if voice in self._agreed]

    def _bytes(self) -> bytes:
        kept = Gallery.from_bytes(self.gallery.to_bytes())
        for voice in kept.voices.keys() - self._agreed:
            kept.forget(voice)
        return kept.to_bytes()

    async def _load(self) -> None:
        try:
            data = await self._files.load(self._session.id)
            found = None if data is None else Gallery.from_bytes(data, new_name)
        except (ClientError, ValueError, msgspec.MsgspecError) as error:
            log.warning("enrolled voices of %s are not known again: %s", self._session.id, error)
            return
        if found is None:
            return
        root = self._session.account.naming.root
        enrolled = {
            name for voice in self._session.enrolled.values() for name in (voice, root(voice))
        }
        for voice in found.voices.keys() - enrolled:
            # Its enrolment was not acknowledged, or its person has had it forgotten since.
            found.forget(voice)
        self.gallery, self._is_kept = found, True
        self._agreed = set(found.voices)
        self.gallery.expected = expected(self._session.config)
        self._saved = self.gallery.revision
        self.follow()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            if self.gallery.revision != self._saved:
                await self._save()

    async def _save(self, *, is_certain: bool = False) -> None:
        """Keep the voices while somebody is enrolled, who agreed to that; else keep nothing.

        Args:
            is_certain: delete the file whether or not one was written here.
        """
        # Shielded: a thread that writes cannot be called back, and the next one waits for it.
        await asyncio.shield(self._saves.spawn(self._save_in_turn(is_certain=is_certain), "save"))

    async def _save_in_turn(self, *, is_certain: bool) -> None:
        async with self._saving:
            self._saved = self.gallery.revision
            try:
                if self._learnt():
                    self._is_kept = True
                    await self._files.save(self._session.id, self._bytes())
                elif self._is_kept or is_certain:
                    await self._files.delete(self._session.id)
                    self._is_kept = False
            except ClientError as error:
                log.error("voices of %s: %s", self._session.id, error.code)


def expected(config: SessionConfig) -> int:
    """Return how many voices a room microphone may hear: those of people without their own.

    Where nobody is said to share one, anybody may.
    """
    shared = sum(place.microphone == "room" for place in config.seats)
    return max(FEWEST, shared or len(config.seats))


def new_name() -> str:
    """Return a name for a voice that no other has."""
    return f"v{secrets.token_hex(3)}"
