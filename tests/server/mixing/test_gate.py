"""Which part of a microphone's sound is worth mixing; a column is 20 ms."""

from server.mixing.gate import Gate

FRAME = 320
LEVELS = {"#": -30, "+": -54, ".": -70}


def opened(line: str, ahead: int = 0) -> str:
    """Draw which frames are open when they are played ``ahead`` frames after they came."""
    gate = Gate(16_000)
    drawn = ""
    for index, level in enumerate(line + "." * ahead):
        gate.hear(LEVELS[level], index * FRAME, (index + 1) * FRAME)
        if index >= ahead:
            drawn += "=" if gate.is_open((index - ahead) * FRAME) else "-"
    return drawn


def test_silence_is_not_heard() -> None:
    assert opened(".." * 10) == "--" * 10


def test_three_tenths_of_a_second_after_a_word_are_heard() -> None:
    assert opened("..##" + "." * 20) == "--==" + "=" * 15 + "-" * 5


def test_a_pause_between_words_is_heard() -> None:
    assert "-" not in opened("##" + "." * 12 + "##")


def test_what_still_waits_before_a_loud_frame_is_heard_too() -> None:
    assert opened("......###", ahead=2) == "----====="


def test_the_quiet_end_of_a_word_is_heard_but_opens_nothing() -> None:
    assert opened("+" * 20) == "-" * 20
    assert opened("#" + "+" * 40) == "=" * 41


def test_a_gate_that_was_reset_is_closed() -> None:
    gate = Gate(16_000)
    gate.hear(-20, 0, FRAME)
    gate.reset()
    assert not gate.is_open(0)
