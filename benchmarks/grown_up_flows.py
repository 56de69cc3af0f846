"""Which process makes couples with only grown-up children, and which ends them: Kiel 2015 beside a national town.

`python benchmarks/grown_up_flows.py` (needs the shared data, QUARTIER_DATA; a minute): two years, one replicate each, % of the
couples of the start a year.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from quartier.model import QuartierModel
from quartier.model.columns import Role
from quartier.model.process import Process
from quartier.model.processes import STEP
from quartier.model.rates import read_rate_book
from quartier.model.region.region import Region
from quartier.model.synthesis import synthesise

YEARS = 2


def couples(model: QuartierModel) -> dict[int, bool]:
    """Couples in one household by the smaller id, and whether only grown-up children live with them."""
    p, n = model.people, len(model.households)
    here = np.flatnonzero(p.present == 1)
    home, partner = p.household[here], model.rows_of(p.partner[here])
    together = (partner >= 0) & (p.household[np.maximum(partner, 0)] == home)
    child = p.role[here] == Role.CHILD
    minor = child & (p.birth[here] > model.latest_adult_birth)
    grown = (np.bincount(home, child, n) > 0) & (np.bincount(home, minor, n) == 0)
    first = together & (p.id[here] < p.partner[here])
    return dict(zip(p.id[here[first]].tolist(), grown[home[first]].tolist(), strict=True))


def flows(region: Region, state: str) -> tuple[int, Counter[str]]:
    """Couples with only grown-up children at the start; how many come and go by process in all steps."""
    rates, before, found = read_rate_book(state), dict[int, bool](), Counter[str]()

    def note(model: QuartierModel, process: str) -> None:
        nonlocal before
        after = couples(model)
        for i in before.keys() | after.keys():
            was, now = before.get(i, False), after.get(i, False)
            if was != now:
                found[
                    f"{'in, ' if now else 'out,'} {process}{'' if i in before and i in after else ', couple new or ended'}"
                ] += 1
        before = after

    def watched(process: Process) -> Process:
        def step(model: QuartierModel) -> None:
            if process is STEP[0]:
                note(model, "comes of age")
            process.step(model)
            if any(column.startswith(("households", "people.role", "people.partner")) for column in process.writes):
                note(model, process.name)

        return replace(process, step=step)

    model = QuartierModel(region, rates, synthesise(region, rates, 1), processes=tuple(watched(p) for p in STEP))
    before = couples(model)
    start = sum(before.values())
    model.run(model.now + 4 * YEARS)
    return start, found


def main() -> None:
    """Both towns beside each other."""
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    import households  # pyright: ignore[reportMissingImports]
    import kiel  # pyright: ignore[reportMissingImports]

    (a, of_kiel), (b, of_nation) = flows(kiel.region(), "01"), flows(households.national(200_000), "00")
    print(f"{'':48s}{'Kiel':>8s}{'nation':>8s}\n{'couples of the start':48s}{a:8d}{b:8d}")
    for name in sorted(of_kiel | of_nation, key=lambda k: (k[:3], -of_kiel[k])):
        print(f"{name:48s}{100 * of_kiel[name] / a / YEARS:7.1f}%{100 * of_nation[name] / b / YEARS:7.1f}%")
    for way in ("in, ", "out,"):
        k, n = (
            100 * sum(v for f, v in found.items() if f.startswith(way)) / s / YEARS
            for s, found in ((a, of_kiel), (b, of_nation))
        )
        print(f"{'all ' + way.strip(' ,'):48s}{k:7.1f}%{n:7.1f}%")


if __name__ == "__main__":
    main()
