"""How far repaired frames are from what would have been heard without a loss."""

from collections.abc import Iterable

import numpy as np

from bench.lossy import FRAME, Sent
from bench.results import Row
from pipeline.audio import Samples
from server.media.opus import Decoder

_AUDIBLE = 0.003
"""Root mean square of a frame, -50 dB of full scale: the distance of silences says nothing."""
_FLOOR = 1e-3
_SNR_DB = (-10.0, 35.0)
"""Segmental SNR is clipped so, by custom, before it is averaged."""


def concealed(sent: list[Sent], came: set[int]) -> Samples:
    """Decode the packets that came and conceal each one that did not."""
    decoder = Decoder()
    return np.concatenate(
        [
            decoder.decode(one.payload) if one.index in came else decoder.conceal(FRAME)
            for one in sent
        ]
    )


def distances(whole: Samples, track: Samples, frames: Iterable[int]) -> Row:
    """Compare the audible ones of ``frames`` with the same frames of ``whole``."""
    snr_db, spectral_db = [], []
    for frame in frames:
        span = slice(frame * FRAME, (frame + 1) * FRAME)
        if np.sqrt(np.mean(whole[span] ** 2)) >= _AUDIBLE:
            snr_db.append(_snr_db(whole[span], track[span]))
            spectral_db.append(_spectral_db(whole[span], track[span]))
    if not snr_db:
        return {"compared": 0}
    return {
        "compared": len(snr_db),
        "snr_db": float(np.mean(snr_db)),
        "log_spectral_distance_db": float(np.mean(spectral_db)),
    }


def _snr_db(whole: Samples, other: Samples) -> float:
    noise = float(np.sum((whole - other) ** 2)) or 1e-12
    return float(np.clip(10 * np.log10(np.sum(whole**2) / noise), *_SNR_DB))


def _spectral_db(whole: Samples, other: Samples) -> float:
    window = np.hanning(FRAME)
    spectra = [np.abs(np.fft.rfft(window * one)) + _FLOOR for one in (whole, other)]
    return float(np.sqrt(np.mean((20 * np.log10(spectra[0] / spectra[1])) ** 2)))
