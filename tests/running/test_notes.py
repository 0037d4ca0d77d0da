"""What was moved aside is said, however the work ends: nobody meets it there again."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import StoreError, Terminated
from bench.running.work import Answer, Failure, Stop, perform, telling

PLACE = Path("stages/ab/artifact-0.safetensors")
NOTE = f"set aside: {PLACE}: its content is not what was written"


class Mute(Exception):
    """An error of a plugin that takes no notes."""

    __notes__ = 7


def ended_by(error: BaseException) -> Answer:
    with telling("stripes Vanilla", [PLACE]):
        raise error


@pytest.mark.parametrize("error", [ValueError("odd"), MemoryError(), SystemExit(0)])
def test_a_failure_takes_it_along(error: BaseException) -> None:
    failure = perform(lambda: ended_by(error)).result
    assert isinstance(failure, Failure) and failure.notes == (NOTE,) and "aside" not in str(failure)


def test_an_error_that_takes_no_notes_is_told_all_the_same() -> None:
    failure = perform(lambda: ended_by(Mute("odd"))).result
    assert isinstance(failure, Failure) and failure.message == "odd" and failure.notes == ()


def test_what_the_user_must_mend_tells_it_in_its_line() -> None:
    stop = perform(lambda: ended_by(StoreError("missing"))).result
    assert isinstance(stop, Stop) and str(stop.error()) == f"missing; {NOTE}"


@pytest.mark.parametrize("error", [Terminated(), KeyboardInterrupt()])
def test_who_is_stopped_says_it_at_once(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(type(error)):
        perform(lambda: ended_by(error))
    assert capsys.readouterr().err == f"stripes Vanilla: {NOTE}\n"
