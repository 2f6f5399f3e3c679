"""What holds for a jitter buffer whatever a network and a sender do."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from server.media.jitter import MAX_HELD, QUIET_S, JitterBuffer
from server.media.opus_packet import duration_of
from server.media.patience import MAX_WAIT_S, MIN_WAIT_S
from server.media.probation import GOES_ON_S
from server.media.rtp import VoicePacket
from server.media.sender_count import MAX_OVERLAP, signed
from server.media.steps import Conceal, Pause, Play, Restart
from tests.server.media.timelines import Arrival, Timed, listen, opus, size_of, stretches

ALMOST_S = 1e-6


@dataclass(frozen=True)
class Sent:
    """A packet on its way: how it follows the one before, and how its copies travel."""

    size: int
    copy: bool
    pause: int
    """Samples that were counted without being sent."""
    delays_ms: tuple[int, ...]
    """Of each copy that arrives; none: it is lost."""


def one_sent(pauses: st.SearchStrategy[int]) -> st.SearchStrategy[Sent]:
    delays = st.integers(0, 30) | st.integers(0, 300)
    return st.builds(
        Sent,
        st.sampled_from([960, 960, 960, 480, 1920, 2880]),
        st.booleans(),
        pauses,
        st.lists(delays, max_size=2).map(tuple) | delays.map(lambda delay: (delay,)),
    )


honest = st.lists(one_sent(st.just(0) | st.sampled_from([0, 0, 480, 19_200])), max_size=60)
careless = st.lists(one_sent(st.just(0) | st.integers(-960, 19_200)), max_size=60)
starts = st.tuples(st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1))
near_wraps = st.tuples(st.integers(2**16 - 40, 2**16 - 1), st.integers(2**32 - 40_000, 2**32 - 1))


def on_the_way(
    sent: Sequence[Sent], start: tuple[int, int], began_s: float = 0.0
) -> tuple[list[VoicePacket], list[Arrival]]:
    """Return the packets as they were sent, and as they arrive."""
    sequence, timestamp = start
    spoken = 0
    packets, arriving = [], []
    for number, one in enumerate(sent):
        spoken = max(0, spoken + one.pause)
        payload = opus(one.size, copy=one.copy)
        packet = VoicePacket(
            sequence + number & 0xFFFF, timestamp + spoken & 0xFFFFFFFF, payload, None
        )
        packets.append(packet)
        spoken += one.size
        for delay_ms in one.delays_ms:
            arriving.append((began_s + spoken / 48_000 + delay_ms / 1000, packet))
    return packets, sorted(arriving, key=lambda arrival: arrival[0])


def check_places(timed: list[Timed]) -> None:
    """Between restarts steps join each other, and last as long as the sender counted."""
    for steps in stretches(step for _, step in timed):
        end = 0
        for step in steps:
            assert not isinstance(step, Restart)
            assert step.at == end
            assert size_of(step) > 0
            # What a decoder makes up comes in units of 2.5 ms, and only 100 ms of it are wanted.
            assert not isinstance(step, Conceal) or step.size in range(120, 4801, 120)
            end += size_of(step)
        played = [step.packet for step in steps if isinstance(step, Play)]
        span = sum(signed(b.timestamp - a.timestamp, 32) for a, b in pairwise(played))
        if played:
            assert abs(span + duration_of(played[-1].payload) - end) <= MAX_OVERLAP


def check_counts(buffer: JitterBuffer, timed: list[Timed]) -> None:
    counts = buffer.counts
    assert buffer.deadline_s is None
    assert counts.played == sum(isinstance(step, Play) for _, step in timed)
    assert counts.restarts == sum(isinstance(step, Restart) for _, step in timed)
    settled = counts.played + counts.duplicate + counts.late + counts.stray
    assert counts.received - settled in (0, 1)  # One stray may still hope for company.


@settings(max_examples=200, deadline=None)
@given(honest, starts | near_wraps)
def test_any_loss_order_and_duplication_leaves_order_and_length(
    sent: list[Sent], start: tuple[int, int]
) -> None:
    buffer = JitterBuffer()
    packets, arriving = on_the_way(sent, start)
    timed = listen(buffer, arriving)
    check_places(timed)
    check_counts(buffer, timed)
    assert buffer.counts.restarts == 0
    numbers = {packet: number for number, packet in enumerate(packets)}
    played = [numbers[step.packet] for _, step in timed if isinstance(step, Play)]
    assert played == sorted(set(played))
    end = sum(size_of(step) for _, step in timed)
    if played:
        first, last = packets[played[0]], packets[played[-1]]
        span = last.timestamp - first.timestamp & 0xFFFFFFFF
        assert end == span + duration_of(last.payload)


@settings(max_examples=200, deadline=None)
@given(honest, starts)
def test_nothing_is_dropped_that_came_while_it_was_waited_for(
    sent: list[Sent], start: tuple[int, int]
) -> None:
    packets, arriving = on_the_way(sent, start)
    timed = listen(JitterBuffer(), arriving)
    played = {step.packet for _, step in timed if isinstance(step, Play)}
    numbers = {packet: number for number, packet in enumerate(packets)}
    for now_s, packet in arriving:
        if packet in played:
            continue
        after = [at_s for at_s, other in arriving if numbers[other] > numbers[packet]]
        is_before_first = numbers[packet] < numbers[arriving[0][1]]
        assert is_before_first or now_s - min(after) >= MIN_WAIT_S - ALMOST_S


@settings(max_examples=200, deadline=None)
@given(honest, starts)
def test_nothing_is_held_longer_than_it_may(sent: list[Sent], start: tuple[int, int]) -> None:
    _, arriving = on_the_way(sent, start)
    for at_s, step in listen(JitterBuffer(), arriving):
        newest_s = max(now_s for now_s, _ in arriving if now_s <= at_s)
        assert at_s <= newest_s + QUIET_S + ALMOST_S
        if isinstance(step, Play):
            assert at_s <= step.arrived + MAX_WAIT_S + ALMOST_S


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(careless, starts), max_size=4))
def test_restarts_and_small_errors_of_a_sender_are_survived(
    senders: list[tuple[list[Sent], tuple[int, int]]],
) -> None:
    arriving: list[Arrival] = []
    began_s = 0.0
    for sent, start in senders:
        arriving += on_the_way(sent, start, began_s)[1]
        began_s += 0.5
    arriving.sort(key=lambda arrival: arrival[0])
    buffer = JitterBuffer()
    timed = listen(buffer, arriving)
    check_places(timed)
    check_counts(buffer, timed)
    assert timed == listen(JitterBuffer(), arriving)
    if timed:
        assert timed[-1][0] <= arriving[-1][0] + QUIET_S + ALMOST_S


anything = st.builds(
    VoicePacket,
    st.integers(0, 2**16 - 1) | st.sampled_from([0, 1, 2, 3, 50, 2998, 3001, 65_535]),
    st.integers(0, 2**32 - 1) | st.sampled_from([0, 960, 1920, 2880, 48_000, 2_880_000]),
    st.sampled_from([opus(960), opus(960, copy=True), opus(2880, copy=True), opus()[:1]]),
    st.none(),
)
disorder = st.lists(st.tuples(st.integers(0, 100), anything), max_size=80)


def after_each_other(disordered: list[tuple[int, VoicePacket]]) -> list[Arrival]:
    now_s, arriving = 0.0, []
    for wait_ms, packet in disordered:
        now_s += wait_ms / 1000
        arriving.append((now_s, packet))
    return arriving


@settings(max_examples=200, deadline=None)
@given(disorder)
def test_whatever_comes_leaves_it_in_order(disordered: list[tuple[int, VoicePacket]]) -> None:
    arriving = after_each_other(disordered)
    buffer = JitterBuffer()
    timed = listen(buffer, arriving)
    check_places(timed)
    check_counts(buffer, timed)
    if timed:
        assert timed[-1][0] <= arriving[-1][0] + QUIET_S + ALMOST_S


@settings(max_examples=150, deadline=None)
@given(disorder, starts | st.tuples(st.integers(0, 100), st.integers(0, 100_000)))
def test_whatever_came_a_sender_that_goes_on_in_order_is_heard_again(
    disordered: list[tuple[int, VoicePacket]], start: tuple[int, int]
) -> None:
    buffer = JitterBuffer()
    listen(buffer, after_each_other(disordered))
    began_s = 60.0
    on_time = [Sent(960, False, 0, (0,))] * 150
    packets, arriving = on_the_way(on_time, start, began_s)
    timed = listen(buffer, arriving)
    heard = {step.packet: at_s for at_s, step in timed if isinstance(step, Play)}
    deaf = [packet for packet in packets if packet not in heard]
    assert len(deaf) * 0.02 <= GOES_ON_S + 0.1
    for now_s, packet in arriving[-20:]:
        assert heard[packet] == now_s


@settings(deadline=None)
@given(st.lists(st.integers(2, 3000), min_size=1, max_size=200, unique=True))
def test_held_packets_are_bounded(numbers: list[int]) -> None:
    buffer = JitterBuffer()
    for number in [0, *numbers]:
        buffer.push(VoicePacket(number, number * 960, opus(), None), 0.0)
        counts = buffer.counts
        settled = counts.played + counts.duplicate + counts.late + counts.stray
        assert counts.received - settled <= MAX_HELD + 1


@settings(deadline=None)
@given(st.integers(1, 2_880_000))
def test_silence_that_was_counted_is_a_pause(samples: int) -> None:
    buffer = JitterBuffer()
    buffer.push(VoicePacket(7, 5, opus(), None), 0.0)
    steps = buffer.push(VoicePacket(8, 5 + 960 + samples, opus(), None), 1.0)
    assert steps[0] == Pause(960, samples, 1.0)
    assert isinstance(steps[1], Play)
