"""Silence guards: which transcripts are invention. Whisper writes text where nobody speaks."""

import enum
import re

from pipeline.transcription import Transcript


class DropReason(enum.StrEnum):
    """Why a transcript must not enter the record."""

    EMPTY = "empty"
    UNCERTAIN = "uncertain"
    REPETITION = "repetition"
    NO_SPEECH = "no_speech"
    STOCK_PHRASE = "stock_phrase"
    TOO_FAST = "too_fast"


# Whisper's own thresholds (openai/whisper, transcribe.py: logprob -1.0, compression 2.4, no speech
# 0.6), the first one loosened because spontaneous Korean scores lower than read English.
_MIN_LOGPROB = -1.2
_MAX_COMPRESSION = 2.4
_MAX_NO_SPEECH_P = 0.6
_NO_SPEECH_LOGPROB = -1.0

# Endings of Korean videos, learnt from subtitles. People say some of them too, so only a whole
# utterance that the model itself doubts is dropped. A plain "감사합니다" is not among them.
_STOCK_LOGPROB = -0.7
_STOCK_PHRASES = re.compile(
    r"""
    (지금까지|오늘도|끝까지|영상)?(시청|구독|봐)(해|하여)?주셔서(대단히|정말)?
      (감사|고맙)(합니다|습니다|드립니다)
    | ((구독|좋아요|댓글|알림설정)(과|와|및|하고|이랑|까지|을|를|도)*)+(꾹|많이|한번)*
      (눌러주세요|눌러주시면감사하겠습니다|부탁드립니다|부탁드려요|해주세요)?
    | (mbc|kbs|sbs|ytn|jtbc|연합)뉴스.{0,12}(입니다|였습니다)
    | 다음(영상|시간)에(서)?(만나요|뵙겠습니다|봬요|뵈요)
    | .{0,6}(한글)?자막(제공|제작|by|협찬).{0,24}
    """,
    re.VERBOSE,
)

# Nobody speaks faster: quick Korean is 8 to 9 syllables a second. The constant leaves room for
# one short word in a very short span.
_MAX_SYLLABLES_PER_S = 14.0
_FREE_SYLLABLES = 8


def objection(transcript: Transcript, duration_s: float) -> DropReason | None:
    """Say why ``transcript``, heard in ``duration_s`` of audio, is no speech; None: keep it."""
    spoken = "".join(filter(str.isalnum, transcript.text)).lower()
    logprob = transcript.avg_logprob
    if not spoken:
        return DropReason.EMPTY
    if logprob < _MIN_LOGPROB:
        return DropReason.UNCERTAIN
    if transcript.compression_ratio > _MAX_COMPRESSION:
        return DropReason.REPETITION
    if transcript.no_speech_p > _MAX_NO_SPEECH_P and logprob < _NO_SPEECH_LOGPROB:
        return DropReason.NO_SPEECH
    if logprob < _STOCK_LOGPROB and _STOCK_PHRASES.fullmatch(spoken):
        return DropReason.STOCK_PHRASE
    if len(spoken) > _FREE_SYLLABLES + _MAX_SYLLABLES_PER_S * duration_s:
        return DropReason.TOO_FAST
    return None
