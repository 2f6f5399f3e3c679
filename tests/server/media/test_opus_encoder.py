"""What is encoded for people to hear, decoded again."""

import numpy as np
import pytest

from pipeline.audio import Samples
from server.media.opus import Decoder
from server.media.opus_encoder import Encoder
from server.media.opus_packet import carries_previous, duration_of
from tests.server.media.encoding import korean, nearness_db

DELAY = {16_000: 104, 48_000: 312}
"""Samples by which encoder and decoder are late together: 6.5 ms (RFC 6716)."""


def sound_at(rate_hz: int) -> Samples:
    """Return speech at a rate, in whole frames; at 48 kHz it has nothing above 8 kHz."""
    speech = korean()[: 320 * 150]
    if rate_hz == 16_000:
        return speech
    spectrum = np.fft.rfft(speech)
    wide = np.fft.irfft(np.pad(spectrum, (0, spectrum.size * 2)), speech.size * 3) * 3
    return wide.astype(np.float32)


def encoded(encoder: Encoder, sound: Samples, rate_hz: int = 16_000) -> list[bytes]:
    size = rate_hz // 50
    return [encoder.encode(sound[at : at + size]) for at in range(0, sound.size, size)]


@pytest.mark.parametrize(("rate_hz", "most_kbit_s"), [(16_000, 30), (48_000, 44)])
def test_speech_comes_back_as_it_was_said(rate_hz: int, most_kbit_s: float) -> None:
    sound = sound_at(rate_hz)
    packets = encoded(Encoder(rate_hz), sound, rate_hz)
    decoder = Decoder(rate_hz)
    heard = np.concatenate([decoder.decode(packet) for packet in packets])
    assert heard.size == sound.size
    assert {duration_of(packet) for packet in packets} == {960}
    assert nearness_db([heard[DELAY[rate_hz] :]], [sound[: -DELAY[rate_hz]]]) > 7
    assert 12 < sum(map(len, packets)) * 8 / len(packets) / 20 < most_kbit_s


def test_copies_of_lost_frames_are_sent_when_losses_are_told_and_no_longer_than_that() -> None:
    encoder, sound = Encoder(), sound_at(16_000)
    shares = []
    for loss in (0.0, 0.1, 0.0):
        encoder.expect_loss(loss)
        packets = encoded(encoder, sound)[2:]
        shares.append(sum(map(carries_previous, packets)) / len(packets))
    assert shares[0] == shares[2] == 0
    assert shares[1] > 0.5


def test_a_lost_frame_is_nearer_to_what_was_said_for_its_copy() -> None:
    encoder, sound = Encoder(), sound_at(16_000)
    encoder.expect_loss(0.1)
    packets = encoded(encoder, sound)
    lossless, lossy, deaf = Decoder(), Decoder(), Decoder()
    said, recovered, concealed = [], [], []
    for packet, following in zip(packets, packets[1:], strict=False):
        said.append(lossless.decode(packet))
        recovered.append(lossy.recover(following, 320))
        concealed.append(deaf.conceal(320))
        lossy, deaf = Decoder(), Decoder()
        for one in (lossy, deaf):
            one.decode(packet)
    assert nearness_db(recovered, said) > nearness_db(concealed, said) + 2


def test_bandwidth_is_not_given_up_for_copies() -> None:
    encoder = Encoder()
    for loss in (0.0, 0.03, 0.1, 1.0):
        encoder.expect_loss(loss)
        configurations = {packet[0] >> 3 for packet in encoded(encoder, sound_at(16_000))}
        assert configurations == {9}, loss  # RFC 6716, table 2: SILK, wideband, 20 ms.


def test_reset_encoder_is_like_a_new_one_but_knows_the_losses() -> None:
    sound, used, new = sound_at(16_000), Encoder(), Encoder()
    for encoder in (used, new):
        encoder.expect_loss(0.1)
    encoded(used, sound[::-1].copy())
    used.reset()
    assert encoded(used, sound) == encoded(new, sound)


def test_encoders_do_not_share_what_they_said() -> None:
    sound, one, other = sound_at(16_000)[: 320 * 30], Encoder(), Encoder()
    mixed = []
    for at in range(0, sound.size, 320):
        mixed.append(one.encode(sound[at : at + 320]))
        other.encode(sound[::-1][at : at + 320])
    assert mixed == encoded(Encoder(), sound)


@pytest.mark.parametrize("size", [0, 319, 321, 960])
def test_frame_of_another_size_is_the_callers_bug(size: int) -> None:
    with pytest.raises(ValueError, match="320 samples"):
        Encoder().encode(np.zeros(size, np.float32))


def test_other_rates_are_the_callers_bug() -> None:
    with pytest.raises(ValueError, match="not at 44100"):
        Encoder(44_100)
    with pytest.raises(ValueError, match="no decoder of 44100 Hz"):
        Decoder(44_100)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_samples_that_are_none_harm_no_sound_after_them(value: float) -> None:
    encoder, decoder, sound = Encoder(), Decoder(), sound_at(16_000)
    decoder.decode(encoder.encode(np.full(320, value, np.float32)))
    heard = np.concatenate([decoder.decode(packet) for packet in encoded(encoder, sound)])
    assert np.isfinite(heard).all()
    assert nearness_db([heard[104:]], [sound[:-104]]) > 5


def test_sizes_of_lost_frames_are_counted_at_the_decoders_rate() -> None:
    decoder = Decoder(48_000)
    assert decoder.conceal(5760).size == 5760
    assert decoder.conceal(100).size == 100
    with pytest.raises(ValueError, match="1 to 5760"):
        decoder.conceal(5761)
