"""libopus, asked directly: what it makes of good, lost and broken packets."""

import contextlib
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio import Samples
from server.media import opus_library
from server.media.opus import MAX_FRAME, STEP, Decoder
from server.media.opus_library import OpusError, OpusMissing
from tests.server.media import encoding
from tests.server.media.encoding import DELAY, PACKET, korean, nearness_db

RISE_ALLOWED_PAGES = 512
"""2 MB."""


def decoded(packets: list[bytes]) -> Samples:
    decoder = Decoder()
    return np.concatenate([decoder.decode(packet) for packet in packets])


def level_db(sound: Samples) -> float:
    return 10 * float(np.log10(np.square(sound).mean() + 1e-12))


@pytest.mark.parametrize(
    ("application", "bits_per_s", "least_db"), [("audio", 64_000, 25), ("voip", 32_000, 8)]
)
@pytest.mark.parametrize("frame_duration", ["10", "20", "60"])
def test_speech_comes_back_as_it_was_spoken(
    application: str, bits_per_s: int, least_db: float, frame_duration: str
) -> None:
    packets = encoding.opus(
        korean(), bits_per_s, application=application, frame_duration=frame_duration
    )
    heard = decoded(packets)[DELAY : korean().size]
    assert heard.dtype == np.float32
    assert nearness_db([heard], [korean()[: heard.size]]) > least_db


def test_two_channels_become_their_mean() -> None:
    speech = korean()
    channels = np.stack([speech, 0.5 * np.roll(speech, 4000)], axis=1)
    packets = encoding.opus(channels, 96_000, application="audio")
    assert all(packet[0] & 4 for packet in packets)  # RFC 6716, section 3.1: stereo.
    heard = decoded(packets)[DELAY : speech.size]
    assert nearness_db([heard], [channels.mean(axis=1)[: heard.size]]) > 20


def test_two_loud_channels_are_not_louder_than_one() -> None:
    moments = np.arange(16_000) / 16_000
    tone: Samples = (0.9 * np.sin(2 * np.pi * 440 * moments)).astype(np.float32)
    one = decoded(encoding.opus(tone, 96_000, application="audio"))
    both = decoded(encoding.opus(np.stack([tone, tone], axis=1), 96_000, application="audio"))
    assert np.abs(both).max() < 0.95
    assert level_db(both) == pytest.approx(level_db(one), abs=0.2)


@pytest.mark.parametrize("bits_per_s", [24_000, 32_000])
def test_a_recovered_frame_is_nearer_to_the_lost_one_than_a_concealed_one(bits_per_s: int) -> None:
    packets = encoding.opus(korean(), bits_per_s, fec="1", packet_loss="10")
    lossless = [decoder.decode(packet) for decoder in [Decoder()] for packet in packets]
    lost = [
        number
        for number in range(30, len(packets) - 1, 5)
        if packets[number + 1][0] >> 3 < 16  # SILK or hybrid, which alone can carry a copy.
        and packets[number + 1][1] & 0x40  # It does (RFC 6716, section 4.2.3).
        and level_db(lossless[number]) > -40
    ]
    recovered: list[Samples] = []
    concealed: list[Samples] = []
    for number in lost:
        for sounds, is_recovered in ((recovered, True), (concealed, False)):
            decoder = Decoder()
            for packet in packets[number - 20 : number]:
                decoder.decode(packet)
            if is_recovered:
                sounds.append(decoder.recover(packets[number + 1], PACKET))
            else:
                sounds.append(decoder.conceal(PACKET))
    assert len(lost) > 20
    truth = [lossless[number] for number in lost]
    assert nearness_db(recovered, truth) > nearness_db(concealed, truth) + 6


def test_concealment_goes_on_with_the_voice_and_fades() -> None:
    packets = encoding.opus(korean())
    lossless = decoded(packets).reshape(-1, PACKET)
    loudest = int(np.argmax(np.square(lossless[20:200]).mean(axis=1))) + 20
    decoder = Decoder()
    for packet in packets[: loudest + 1]:
        decoder.decode(packet)
    levels = [level_db(decoder.conceal(PACKET)) for _ in range(15)]
    assert levels[0] > level_db(lossless[loudest]) - 12
    assert levels[4] < levels[0] - 10
    assert levels[-1] < -60


def test_a_decoder_conceals_any_size_up_to_the_longest_packet() -> None:
    decoder = Decoder()
    decoder.decode(encoding.opus(korean())[100])
    assert [decoder.conceal(size).size for size in (1, STEP + 1, MAX_FRAME)] == [1, 41, MAX_FRAME]
    for size in (0, -1, MAX_FRAME + 1):
        with pytest.raises(ValueError, match="samples"):
            decoder.conceal(size)


def test_a_new_decoder_conceals_silence() -> None:
    assert not Decoder().conceal(PACKET).any()


def test_a_packet_without_a_copy_is_recovered_by_concealment() -> None:
    packets = encoding.opus(korean())
    assert Decoder().recover(packets[100], PACKET).size == PACKET


def test_a_reset_decoder_is_a_new_one() -> None:
    packets = encoding.opus(korean())
    decoder = Decoder()
    for packet in packets[:100]:
        decoder.decode(packet)
    decoder.reset()
    assert np.array_equal(decoder.decode(packets[200]), Decoder().decode(packets[200]))


def test_a_decoder_finds_its_way_back_after_a_gap_of_ten_seconds() -> None:
    speech = np.concatenate([korean()] * 3)
    packets = encoding.opus(speech)
    lossless = [decoder.decode(packet) for decoder in [Decoder()] for packet in packets]
    decoder = Decoder()
    for packet in packets[:200]:
        decoder.decode(packet)
    decoder.conceal(1600)
    after = [decoder.decode(packet) for packet in packets[700:800]]
    assert nearness_db(after[20:], lossless[720:800]) > 15


@pytest.mark.parametrize("packet", [b"", b"\x03", b"\xff\xff"])
def test_a_broken_packet_is_an_error(packet: bytes) -> None:
    with pytest.raises(OpusError, match="packet"):
        Decoder().decode(packet)
    with pytest.raises(OpusError, match="packet"):
        Decoder().recover(packet, PACKET)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=1500), max_size=5), st.integers(1, MAX_FRAME))
def test_any_bytes_give_sound_within_bounds_or_an_error(packets: list[bytes], size: int) -> None:
    decoder = Decoder()
    sounds = []
    for packet in packets:
        with contextlib.suppress(OpusError):
            sounds.append(decoder.recover(packet, size))
        with contextlib.suppress(OpusError):
            sounds.append(decoder.decode(packet))
    for sound in sounds:
        assert 0 < sound.size <= MAX_FRAME
        assert np.abs(sound).max() <= 1  # False for NaN, too.
    assert decoder.conceal(size).size == size


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_altered_packets_neither_crash_nor_grow_memory() -> None:
    # In a process of its own: a crash would end the tests, and its memory is measured alone.
    program = "from tests.server.media.test_opus import abuse; abuse()"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) < RISE_ALLOWED_PAGES


def abuse() -> None:
    """Feed a decoder with altered packets; print by how many pages memory grew meanwhile."""
    chance = random.Random(5)
    packets = encoding.opus(korean())
    decoder = Decoder()
    before = 0
    for number in range(10_000):
        packet = bytearray(chance.choice(packets))
        for _ in range(chance.randint(1, 6)):
            packet[chance.randrange(len(packet))] = chance.randrange(256)
        del packet[chance.randrange(1, len(packet) * 3) :]
        try:
            assert np.abs(decoder.decode(bytes(packet))).max() <= 1
        except OpusError:
            decoder.conceal(PACKET)
        if number == 1000:
            before = resident_pages()
    sys.stdout.write(str(resident_pages() - before))


def resident_pages() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1])


def test_decoders_do_not_share_what_they_heard() -> None:
    packets = encoding.opus(korean())
    alone = decoded(packets[:50])
    one, other = Decoder(), Decoder()
    heard = []
    for number, packet in enumerate(packets[:50]):
        heard.append(one.decode(packet))
        other.decode(packets[-1 - number])
    assert np.array_equal(np.concatenate(heard), alone)


def test_a_library_that_is_missing_or_another_is_told_with_what_to_install() -> None:
    with pytest.raises(OpusMissing, match="libopus0"):
        opus_library.load_library(["libopus-that-is-not-there.so", "libc.so.6"])


def test_the_copy_that_ships_with_pyav_would_do() -> None:
    copies = [path for path in opus_library.library_paths() if "/av" in path]
    if not copies:
        pytest.skip("this PyAV was built against the system's libopus")
    name: bytes = opus_library.load_library(copies).opus_get_version_string()
    assert name.startswith(b"libopus")


def test_the_library_tells_its_version() -> None:
    assert opus_library.version().startswith("libopus")
