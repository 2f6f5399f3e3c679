"""Who may speak on a connection: drawn as moments at which somebody is heard."""

from server.media.sources import MAX_SOURCES, SILENT_S, Sources

FIRST, SECOND, THIRD = 11, 22, 33


def speaking(now: float = 10.0) -> Sources:
    sources = Sources()
    assert sources.is_free(now)
    assert not sources.follow(FIRST)
    sources.heard(now)
    return sources


def test_nobody_else_is_heard_while_somebody_speaks() -> None:
    sources = speaking(10.0)
    assert not sources.is_free(10.0)
    assert not sources.is_free(10.0 + SILENT_S - 0.01)
    assert sources.is_free(10.0 + SILENT_S)


def test_goodbye_makes_room_until_the_same_source_speaks_again() -> None:
    sources = speaking(10.0)
    sources.say_goodbye((SECOND, FIRST))
    assert sources.is_free(10.01)
    sources.heard(10.02)
    assert not sources.is_free(10.03)


def test_goodbye_of_others_means_nothing() -> None:
    sources = speaking(10.0)
    sources.say_goodbye((SECOND, THIRD))
    assert not sources.is_free(10.01)


def test_source_that_follows_another_is_the_only_one_in_turn() -> None:
    sources = speaking(10.0)
    sources.say_goodbye((FIRST,))
    assert sources.follow(SECOND)
    sources.heard(10.1)
    assert sources.current == SECOND
    assert not sources.is_free(10.2)


def test_handful_of_sources_is_admitted_however_often_each_comes() -> None:
    sources = Sources()
    for _ in range(3):
        assert all(sources.admit(ssrc) for ssrc in range(MAX_SOURCES))
    assert not sources.admit(MAX_SOURCES)
