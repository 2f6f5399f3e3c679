"""The silence that browsers are sent."""

import av
import pytest
from aiortc.mediastreams import MediaStreamError

from server.media import silence
from server.media.opus_packet import OPUS_HZ
from server.media.silence import SilenceTrack


async def test_silence_is_silent_and_keeps_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silence, "INTERVAL_S", 0.02)
    track = SilenceTrack()
    packets = [await track.recv() for _ in range(3)]
    assert [packet.pts for packet in packets] == [0, 960, 1920]
    decoder = av.AudioCodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.format, decoder.layout = OPUS_HZ, "s16", "mono"
    for packet in packets:
        (frame,) = decoder.decode(packet)
        assert frame.samples == OPUS_HZ * silence.SILENT_FRAME_S
        assert not frame.to_ndarray().any()
    track.stop()
    with pytest.raises(MediaStreamError):
        await track.recv()
