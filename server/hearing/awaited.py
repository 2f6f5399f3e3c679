"""A hole whose sound its page is asked for: what has come of it, and when it is waited no longer.

Pure: times are told.
"""

from collections import deque

from pipeline.audio import Samples, samples, seconds
from server.errors import ClientError, ErrorCode
from server.hearing.block import Block, pieces_of
from server.hearing.splice import Hole, Piece

LOOK_BACK_S = 43.0
"""Pages keep their last 45 s; asking and answering takes a moment."""
PATIENCE_S = 20.0
"""How long a page may take: 15 s of sound take 10 s over 400 kbit/s. Whatever is said meanwhile
waits for its words."""
MAX_ASIDE_S = 60.0
MAX_POSTS = 16
"""Pieces that a page's sound may be in: it was suspended in between."""
AROUND_S = 3.0
"""How much a piece may reach over the hole on either side."""
EARLY_S = 1.0
"""A page's clock may be so far ahead: beyond that nobody has spoken yet."""
APART_S = 0.4
"""A page that is asked twice believes the same sound to lie so far from where it did at first."""


class NotAwaited(ClientError):
    """Nobody waits for this sound, or no more."""

    def __init__(self) -> None:
        super().__init__(
            ErrorCode.NOT_AWAITED,
            "This sound is not awaited, or no more; go on as if it had been taken.",
            status=409,
        )


class Awaited:
    """What is kept while a hole of a track waits to be filled. Bounded: see the constants."""

    def __init__(self, hole: Hole, now_s: float) -> None:
        """Ask for ``hole``; ``now_s``: of any clock that never goes back."""
        self.hole = hole
        self._sent: list[tuple[Piece, tuple[int, int]]] = []
        """What its page has sent, and how many questions and answers there had been by then."""
        self.spare: list[Piece] = []
        """What was heard between holes that have become one."""
        self.aside: deque[Block] = deque()
        """What was heard since."""
        self.is_last = False
        """Whether its track was muted since: nothing after that belongs to the same hole."""
        self._aside_s = 0.0
        self._first_s = self.asked_s[0]
        """From when on its page was asked at first."""
        self._asks = self._questions = 1
        self._answers = self._posts = 0
        self._deadline_s = now_s + PATIENCE_S

    @property
    def pieces(self) -> list[Piece]:
        """What its page has sent."""
        return [piece for piece, _ in self._sent]

    @property
    def asked_s(self) -> tuple[float, float]:
        """From when to when the page is asked for its sound."""
        return max(self.hole.start_s, self.hole.end_s - LOOK_BACK_S), self.hole.end_s

    def filled_s(self, piece: Piece) -> float:
        """Return how much of the hole a piece fills, by its page's clock."""
        start_s, end_s = max(self.hole.start_s, piece.start_s), min(self.hole.end_s, piece.end_s)
        return max(0.0, end_s - start_s)

    def is_over(self, now_s: float) -> bool:
        """Whether it is waited no longer."""
        return now_s >= self._deadline_s or self._aside_s > MAX_ASIDE_S

    def keep_aside(self, block: Block) -> None:
        """Take what was heard after the hole."""
        self.aside.append(block)
        self._aside_s += seconds(block.samples.size)

    def may_reach(self, hole: Hole) -> bool:
        """Whether a page that is asked for this too may still have what it was asked for first."""
        return not self.is_last and hole.end_s - self._first_s <= LOOK_BACK_S + PATIENCE_S

    def widen(self, hole: Hole, now_s: float, *, is_new_page: bool) -> None:
        """Another hole has come before this one was filled; both are one from now on.

        Args:
            hole: the other one.
            now_s: as above.
            is_new_page: nobody answers any more what was asked before.
        """
        for start_s, sound in pieces_of(self.aside):
            self.spare.append(Piece(start_s, sound))
        self.aside.clear()
        self.hole = Hole(self.hole.start_s, hole.end_s, hole.reason)
        self._asks = self._answers + 1 if is_new_page else self._asks + 1
        self._questions += 1
        self._deadline_s = now_s + PATIENCE_S

    def take(self, piece: Piece, rest: int, session_s: float) -> bool:
        """Take what a page sends; return whether that is all.

        Args:
            piece: some of it; empty: there is nothing.
            rest: how many more are on their way.
            session_s: the session's second now.

        Raises:
            ClientError: ``bad_request``: it says more than there was time to say.
        """
        self._posts += 1
        kept = self._within(piece)
        if any(_is_same(kept, one) for one in self.pieces):
            kept = Piece(kept.start_s, kept.samples[:0])  # Its answer got lost: it is sent again.
        begin_s, end_s = self._window
        turn = self._questions, self._answers
        # Who is asked again, for more, sends all of it: what it sent at first is in there.
        others = [one for one in self._sent if one[1] == turn or not _covers(kept, one[0])]
        sent_s = sum(seconds(one.samples.size) for one, _ in others)
        is_lie = sent_s + seconds(kept.samples.size) > end_s - begin_s + EARLY_S
        if piece.end_s > session_s + EARLY_S or is_lie or self._posts > MAX_POSTS:
            raise ClientError(ErrorCode.BAD_REQUEST, "This is more sound than there was time for.")
        if kept.samples.size:
            self._sent = [*others, (kept, turn)]
        if rest:
            return self._posts == MAX_POSTS
        self._answers += 1
        is_whole = any(one.end_s >= self.hole.end_s for one in self.pieces)
        return is_whole or self._answers >= self._asks

    @property
    def _window(self) -> tuple[float, float]:
        start_s, end_s = self.asked_s
        return start_s - AROUND_S, end_s + AROUND_S

    def _within(self, piece: Piece) -> Piece:
        """Return what of a piece lies around the hole."""
        begin_s, end_s = self._window
        first = max(0, samples(begin_s - piece.start_s))
        last = max(first, samples(end_s - piece.start_s))
        sound: Samples = piece.samples[first:last].copy()  # The rest need not be kept with it.
        return Piece(piece.start_s + seconds(first), sound)


def _covers(piece: Piece, other: Piece) -> bool:
    return piece.start_s - APART_S <= other.start_s and other.end_s <= piece.end_s + APART_S


def _is_same(piece: Piece, other: Piece) -> bool:
    return piece.start_s == other.start_s and piece.samples.size == other.samples.size
