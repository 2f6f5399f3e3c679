"""How the bench finds in a listener's sound what was said."""

import numpy as np

from bench.corpus import Clip
from bench.ear import EAR_HZ, Ear
from bench.heard import aligned
from bench.loss import Talk
from pipeline.audio import RATE_HZ
from tests.speech.clips import load

WARM_S = 12.0
LATE_S = 0.2
BLOCK = EAR_HZ // 100


def test_clips_are_put_back_where_they_were_spoken() -> None:
    clips = [load("question_motive.flac"), load("applicant2_thanks.flac")]
    talk = Talk.of([Clip(one.speaker, one.text, one.samples) for one in clips])
    said = np.concatenate([np.zeros(int(WARM_S * RATE_HZ), np.float32), talk.sound])
    pcm = np.repeat((said * 32767).astype(np.int16), EAR_HZ // RATE_HZ)
    pieces = [pcm[at : at + BLOCK] for at in range(0, pcm.size - BLOCK, BLOCK)]
    began_s = 100.0
    ear = Ear(pieces, [began_s + LATE_S + 0.01 * i for i in range(len(pieces))])
    track = aligned(talk, began_s, ear)
    for one in talk.spoken:
        heard, spoken = track[one.start : one.end], one.clip.audio
        likeness = heard @ spoken / np.sqrt((heard @ heard) * (spoken @ spoken))
        assert likeness > 0.95
