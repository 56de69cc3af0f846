"""How an amount goes through time: dated amounts, a ramp up to full force, and what is left of it after the end."""

from __future__ import annotations

from itertools import groupby
from typing import Final, NamedTuple

FADED: Final = 0.01
"""What is left of an effect below this share counts as gone."""


class Segment(NamedTuple):
    """An amount in force from a step (included) to another (excluded; None = for good)."""

    start: int
    end: int | None
    amount: float


def phased(
    knots: list[tuple[int, float]], end: int | None, until: int, ramp: int | None = None, half_life: int | None = None
) -> list[Segment]:
    """Constant pieces of an amount's course, the neutral amount being 0.

    Within a ramp or a decay every quarter takes the value of its middle.

    Parameters
    ----------
    knots : steps and the amounts in force from them on, in ascending order.
    end : first step after the end; None = for good.
    until : last step simulated.
    ramp : quarters in which the amount goes linearly from one knot's to the next one's.
    half_life : quarters after the end in which half of what is there goes.

    >>> phased([(0, 8.0)], 6, 99, ramp=4)
    [Segment(start=0, end=1, amount=1.0), Segment(start=1, end=2, amount=3.0), Segment(start=2, end=3, amount=5.0), \
Segment(start=3, end=4, amount=7.0), Segment(start=4, end=6, amount=8.0)]
    >>> [round(s.amount, 3) for s in phased([(0, 8.0)], 2, 4, half_life=1)]
    [8.0, 5.657, 2.828, 1.414]
    """
    stops = [*(step for step, _ in knots[1:]), end]
    if ramp is None and half_life is None:
        return [Segment(start, stop, amount) for (start, amount), stop in zip(knots, stops, strict=True)]
    course: list[tuple[int, float]] = []
    before = 0.0
    for (start, amount), stop in zip(knots, stops, strict=True):
        reached = before
        for step in range(start, min(until + 1 if stop is None else stop, until + 1)):
            part = min((step - start + 0.5) / ramp, 1.0) if ramp else 1.0
            reached = before + (amount - before) * part
            course.append((step, reached))
        before = reached
    if end is not None and half_life is not None:
        left = [(step, 0.5 ** ((step - end + 0.5) / half_life)) for step in range(end, until + 1)]
        course += [(step, before * share) for step, share in left if share >= FADED]
    pieces = [list(same) for _, same in groupby(course, key=lambda at: at[1])]
    segments = [Segment(piece[0][0], piece[-1][0] + 1, piece[0][1]) for piece in pieces]
    if end is None and segments:  # whole at the end of the run: for good
        segments[-1] = segments[-1]._replace(end=None)
    return segments
