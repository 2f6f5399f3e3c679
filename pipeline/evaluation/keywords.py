"""The legacy evaluation: which of a fixed list of words were said. It counts, it does not judge.

Every level is None: a keyword is no evidence of ability. The hits feed the legacy numbers only.
"""

from collections.abc import Mapping, Sequence

from pipeline.evaluation.evaluator import Answer, Finding, Hit

LEGACY_KEYWORDS: Mapping[str, tuple[str, ...]] = {
    "기술": ("프로그래밍", "개발", "코딩", "프로젝트", "기술", "언어", "프레임워크"),
    "경험": ("경험", "프로젝트", "회사", "업무", "담당", "역할"),
    "인성": ("팀워크", "협력", "소통", "리더십"),
    "동기": ("지원", "동기", "목표", "꿈", "미래"),
}
"""The categories existing clients know."""

LEGACY_POINTS = 10
LEGACY_MAXIMUM = 100


class KeywordEvaluator:
    """Finds the first place of each keyword, so an evaluation never grows past the list."""

    name = "keywords/1"
    criteria = "legacy/1"

    def evaluate(self, answers: Sequence[Answer]) -> tuple[Finding, ...]:
        return tuple(
            Finding(criterion, None, tuple(_first_places(keywords, answers)))
            for criterion, keywords in LEGACY_KEYWORDS.items()
        )


def legacy_score(distinct_hits: int) -> int:
    """Return the number existing clients show; 0 means nothing to score."""
    return min(LEGACY_MAXIMUM, LEGACY_POINTS * distinct_hits)


def _first_places(keywords: Sequence[str], answers: Sequence[Answer]) -> list[Hit]:
    hits = []
    for keyword in keywords:
        for answer in answers:
            start = answer.text.find(keyword)
            if start >= 0:
                hits.append(Hit(answer.segment, start, start + len(keyword)))
                break
    return hits
