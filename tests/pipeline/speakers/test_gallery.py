"""The voices of one session."""

import numpy as np
import pytest

from pipeline.speakers.gallery import MOST, Gallery
from pipeline.speakers.models import Embedding


def voice(*parts: float) -> Embedding:
    vector = np.zeros(192, np.float32)
    vector[: len(parts)] = parts
    return vector / np.linalg.norm(vector)


A, B = voice(1), voice(0, 1)


def test_an_enrolled_voice_is_known_and_a_forgotten_one_is_not() -> None:
    gallery = Gallery()
    gallery.enrol("a", A)
    assert gallery.voices["a"].is_enrolled
    gallery.forget("a")
    gallery.forget("nobody")
    assert not gallery.voices


def test_a_found_voice_gets_a_name_of_its_own() -> None:
    gallery = Gallery()
    gallery.enrol("v1", A)
    names = iter(["v1", "v2"])
    named = Gallery(name=lambda: next(names))
    named.enrol("v1", A)
    assert named.found(B) not in ("v1", "")
    assert named.found(B) == "v2"
    assert gallery.found(B).startswith("v")
    assert not gallery.voices[gallery.found(B)].is_enrolled


def test_a_forgotten_name_is_never_given_again() -> None:
    gallery = Gallery(name=lambda: "v1")
    assert gallery.found(A) == "v1"
    gallery.forget("v1")
    assert gallery.found(B) != "v1"


def test_the_most_alike_come_first() -> None:
    gallery = Gallery()
    gallery.enrol("b", voice(0.7, 0.7))
    gallery.enrol("a", A)
    assert gallery.alike(A) == ["a", "b"]
    assert gallery.alike(A, above=0.9) == ["a"]
    assert gallery.alike(voice(0, 0, 1)) == []


def test_a_clean_turn_teaches_and_others_do_not() -> None:
    gallery = Gallery()
    gallery.enrol("a", A)
    gallery.enrol("b", B)
    heard = voice(0.9, 0.2, 0.3)
    assert not gallery.adapt("a", heard, 1.0)
    assert not gallery.adapt("a", voice(0.7, 0.65, 0.1), 5.0)
    assert not gallery.adapt("a", voice(0.5, 0, 0.9), 5.0)
    assert not gallery.adapt("nobody", heard, 5.0)
    before = float(gallery.voices["a"].embedding @ heard)
    assert gallery.adapt("a", heard, 5.0)
    assert float(gallery.voices["a"].embedding @ heard) > before


def test_an_enrolled_voice_never_leaves_what_was_enrolled() -> None:
    gallery = Gallery()
    gallery.enrol("a", A)
    for i in range(60):
        centre = gallery.voices["a"].embedding
        drifted = centre + 0.5 * voice(*[0] * (1 + i % 3), 1)
        gallery.adapt("a", drifted / np.linalg.norm(drifted), 20.0)
    assert float(gallery.voices["a"].embedding @ A) >= 0.75


def test_merged_voices_are_one_and_stay_enrolled() -> None:
    gallery = Gallery()
    gallery.enrol("a", A)
    found = gallery.found(voice(0.9, 0.1), 4.0)
    gallery.merge("a", found)
    assert list(gallery.voices) == [found]
    assert gallery.voices[found].is_enrolled
    gallery.merge(found, found)
    gallery.merge("nobody", found)
    assert list(gallery.voices) == [found]


def test_a_confirmed_voice_is_as_good_as_enrolled() -> None:
    gallery = Gallery()
    found = gallery.found(A)
    gallery.confirm(found)
    assert gallery.voices[found].is_enrolled


def test_enrolled_voices_are_never_given_up_for_found_ones() -> None:
    gallery = Gallery()
    gallery.enrol("a", A)
    for _ in range(2 * MOST):
        gallery.found(B)
    assert len(gallery.voices) == MOST
    assert "a" in gallery.voices


def test_the_revision_tells_of_every_change() -> None:
    gallery = Gallery()
    seen = [gallery.revision]
    gallery.enrol("a", A)
    seen.append(gallery.revision)
    gallery.adapt("a", voice(0.9, 0.1), 5.0)
    seen.append(gallery.revision)
    gallery.adapt("a", B, 5.0)
    assert gallery.revision == seen[-1]
    gallery.forget("a")
    seen.append(gallery.revision)
    assert len(set(seen)) == 4


def test_a_gallery_survives_as_bytes() -> None:
    gallery = Gallery(expected=4)
    gallery.enrol("a", A)
    found = gallery.found(B, 3.0)
    again = Gallery.from_bytes(gallery.to_bytes())
    assert again.expected == 4
    assert list(again.voices) == ["a", found]
    assert np.allclose(again.voices["a"].embedding, A)
    assert again.voices[found].weight_s == 3.0
    assert not again.voices[found].is_enrolled


@pytest.mark.parametrize("data", [b"", b"nothing", Gallery().to_bytes()[:-1]])
def test_other_bytes_are_no_gallery(data: bytes) -> None:
    with pytest.raises(ValueError, match="."):
        Gallery.from_bytes(data)


def test_a_voice_of_another_width_is_no_gallery() -> None:
    gallery = Gallery()
    gallery.enrol("a", A[:24])
    with pytest.raises(ValueError, match="no embedding"):
        Gallery.from_bytes(gallery.to_bytes())
