"""The voices of one session, as far as they are known."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.speakers.models import EMBEDDING_SIZE, Embedding

MOST: Final = 12
"""Voices known at once; six sit in the room, and wrongly separated ones come on top."""

CLEAN_S: Final = 1.5
CLEAN_COSINE: Final = 0.60
CLEAN_MARGIN: Final = 0.15

_ENROLLED_S: Final = 8.0
_HEAVIEST_S: Final = 40.0
"""Speech that a centre stands for at most, so that a voice that changes is followed."""
_DRIFT: Final = 0.75
"""Cosine below which a centre has left what was enrolled; it is not moved so far."""


@dataclass(frozen=True, slots=True)
class Voiceprint:
    """What one voice is recognised by.

    Attributes:
        embedding: the centre of what was heard of it, of length 1.
        weight_s: seconds of speech it stands for.
        is_enrolled: whether a person said whose it is; the program never gives it up.
        anchor: what was enrolled or found first.
    """

    embedding: Embedding
    weight_s: float
    is_enrolled: bool
    anchor: Embedding


class _Kept(msgspec.Struct, frozen=True):
    """One voice as bytes."""

    voice: str
    embedding: bytes
    anchor: bytes
    weight_s: float
    is_enrolled: bool


class _Document(msgspec.Struct, frozen=True):
    """A whole gallery as bytes."""

    expected: int
    voices: list[_Kept]


class Gallery:
    """The voices of one session; they are known by name, never by seat.

    Held in memory; ``to_bytes`` is what a restart needs, `revision` tells when it changed.
    """

    def __init__(self, expected: int = 6, name: Callable[[], str] | None = None) -> None:
        """Expect about ``expected`` people; ``name`` returns a new voice's name."""
        self.expected = expected
        self.revision = 0
        self._name = name or _random_name
        self._voices: dict[str, Voiceprint] = {}
        self._used: set[str] = set()

    @property
    def voices(self) -> Mapping[str, Voiceprint]:
        return MappingProxyType(self._voices)

    def enrol(self, voice: str, embedding: Embedding) -> None:
        """Know ``voice`` by ``embedding`` from now on, whatever was known of it."""
        centre = _unit(embedding)
        self._put(voice, Voiceprint(centre, _ENROLLED_S, is_enrolled=True, anchor=centre))

    def confirm(self, voice: str) -> None:
        """Take a found ``voice`` for enrolled: a person has said whose it is."""
        known = self._voices.get(voice)
        if known is not None and not known.is_enrolled:
            self._put(voice, replace(known, is_enrolled=True, anchor=known.embedding))

    def forget(self, voice: str) -> None:
        """Know nothing of ``voice`` any more; unknown names are ignored."""
        if self._voices.pop(voice, None) is not None:
            self.revision += 1

    def merge(self, voice: str, into: str) -> None:
        """Take ``voice`` for ``into``: what was heard of one is known of the other."""
        one, other = self._voices.get(voice), self._voices.get(into)
        if one is None or voice == into:
            return
        del self._voices[voice]
        if other is None:
            self._put(into, one)
            return
        heard = one.weight_s * one.embedding + other.weight_s * other.embedding
        weight_s = min(_HEAVIEST_S, one.weight_s + other.weight_s)
        is_enrolled = one.is_enrolled or other.is_enrolled
        anchor = one.anchor if one.is_enrolled and not other.is_enrolled else other.anchor
        self._put(into, Voiceprint(_unit(heard), weight_s, is_enrolled, anchor))

    def found(self, embedding: Embedding, duration_s: float = 1.0) -> str:
        """Add a voice nobody enrolled and return its new name.

        Where there is no room for it, the found voice that least was heard of is forgotten.
        """
        voice = self._name()
        while voice in self._used:
            voice = _random_name()
        found = [name for name, known in self._voices.items() if not known.is_enrolled]
        if len(self._voices) >= MOST and found:
            self.forget(min(found, key=lambda name: self._voices[name].weight_s))
        centre = _unit(embedding)
        self._put(voice, Voiceprint(centre, duration_s, is_enrolled=False, anchor=centre))
        return voice

    def adapt(self, voice: str, embedding: Embedding, duration_s: float) -> bool:
        """Learn from a turn of ``voice``; return whether it was clean and alike enough."""
        known = self._voices.get(voice)
        if known is None or duration_s < CLEAN_S:
            return False
        cosine = float(known.embedding @ embedding)
        others = [
            float(other.embedding @ embedding)
            for name, other in self._voices.items()
            if name != voice
        ]
        if cosine <= CLEAN_COSINE or cosine - max(others, default=-1.0) <= CLEAN_MARGIN:
            return False
        return self.learn(voice, embedding, duration_s)

    def learn(self, voice: str, embedding: Embedding, duration_s: float) -> bool:
        """Move the centre of ``voice`` towards ``embedding``, without leaving what was enrolled."""
        known = self._voices[voice]
        centre = _unit(known.weight_s * known.embedding + duration_s * _unit(embedding))
        if known.is_enrolled and float(centre @ known.anchor) < _DRIFT:
            return False
        weight_s = min(_HEAVIEST_S, known.weight_s + duration_s)
        self._put(voice, replace(known, embedding=centre, weight_s=weight_s))
        return True

    def alike(self, embedding: Embedding, above: float = 0.6) -> list[str]:
        """Return the voices whose cosine to ``embedding`` is higher, the most alike first."""
        cosines = {name: float(one.embedding @ embedding) for name, one in self._voices.items()}
        near = [name for name, cosine in cosines.items() if cosine > above]
        return sorted(near, key=lambda name: -cosines[name])

    def matrix(self) -> tuple[list[str], NDArray[np.float32]]:
        """Return the names and the centres, shape (voices, 192)."""
        rows = [one.embedding for one in self._voices.values()]
        centres = np.array(rows, np.float32) if rows else np.zeros((0, EMBEDDING_SIZE), np.float32)
        return list(self._voices), centres

    def to_bytes(self) -> bytes:
        kept = [
            _Kept(
                name,
                known.embedding.astype(np.float32).tobytes(),
                known.anchor.astype(np.float32).tobytes(),
                known.weight_s,
                known.is_enrolled,
            )
            for name, known in self._voices.items()
        ]
        return msgspec.msgpack.encode(_Document(self.expected, kept))

    @classmethod
    def from_bytes(cls, data: bytes, name: Callable[[], str] | None = None) -> "Gallery":
        """Rebuild what `to_bytes` kept.

        Raises:
            ValueError: ``data`` describe no gallery.
        """
        document = msgspec.msgpack.decode(data, type=_Document)
        gallery = cls(document.expected, name)
        for kept in document.voices:
            centre, anchor = (_vector(kept.embedding), _vector(kept.anchor))
            gallery._voices[kept.voice] = Voiceprint(
                centre, kept.weight_s, kept.is_enrolled, anchor
            )
        gallery._used.update(gallery._voices)
        return gallery

    def _put(self, voice: str, known: Voiceprint) -> None:
        self._voices[voice] = known
        self._used.add(voice)
        self.revision += 1


def _vector(data: bytes) -> Embedding:
    vector = np.frombuffer(data, np.float32)
    if vector.size != EMBEDDING_SIZE or not np.isfinite(vector).all():
        raise ValueError("a voice in the gallery is no embedding")
    return vector


def _unit(vector: Embedding) -> Embedding:
    return np.asarray(vector / max(1e-9, float(np.linalg.norm(vector))), np.float32)


def _random_name() -> str:
    return f"v{secrets.token_hex(3)}"
