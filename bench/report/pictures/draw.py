"""Draw: charts side by side, in processes, since matplotlib keeps its settings for a whole process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from bench.report.ahead import ahead
from bench.report.pictures.picture import Picture

Drawing = Callable[[], Picture]

FEW = 4  # charts that are drawn sooner than a process starts


def draw(drawings: Sequence[Drawing], here: bool = False) -> Iterator[Picture]:
    """Draw them while the caller goes on, in this process if `here`; give them in their order.

    Errors as for `bench.report.ahead.ahead`.
    """
    return ahead(drawings, "drew charts", here=here, few=FEW)
