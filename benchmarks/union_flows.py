"""Unions that start and end, against the register: marriages, divorces, marriages ended by death, who marries whom.

Part of `python benchmarks/households.py`; alone, `python benchmarks/union_flows.py --check` counts a small town's.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from quartier.model import QuartierModel
from quartier.model.columns import Former, Union

GERMANS = 83.5e6
FIRST_AGES = np.array([0, *range(20, 80, 5)])
CLASSES = ("-2 and less", "-1", "0", "1", "2", "3 and more")
"""Husband's less wife's age, in groups of five years."""
REGISTERED = {"marriages": 349, "marriages ended by death": 396, "divorces": 130}
"""Thousand: marriages and divorces 2025, ended by death 2023 (model-demography.md 7)."""


def registered_classes() -> np.ndarray | None:
    """Share of the marriages of 2025 by class of the age difference; None without the shared data."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    file = Path(os.environ.get("QUARTIER_DATA", default)) / "germany" / "marriages_by_spouse_ages_2025.csv"
    if not file.exists():
        return None
    frame = pd.read_csv(file)
    ages = [
        np.array([int(group.split("-")[0].rstrip("+")) for group in frame[c]]) for c in ("spouse1_age", "spouse2_age")
    ]
    return _classes(ages[0], ages[1], frame["marriages"].to_numpy())


def _classes(husband: np.ndarray, wife: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    groups = [np.searchsorted(FIRST_AGES, ages, side="right") for ages in (husband, wife)]
    gap = np.clip(groups[0] - groups[1], -2, 3) + 2
    counts = np.bincount(gap, weight, minlength=len(CLASSES))
    return counts / max(counts.sum(), 1)


class Flows:
    """What happens to the unions of a running model; to be called after every step."""

    def __init__(self, model: QuartierModel) -> None:
        self.states = self._by_id(model)
        self.once, self.perhaps = np.zeros((2, 0), bool)
        self._remember(model)
        self.counts: list[dict[str, int]] = []
        self.husbands: list[np.ndarray] = []
        self.wives: list[np.ndarray] = []

    @staticmethod
    def _by_id(model: QuartierModel) -> np.ndarray:
        p, states = model.people, np.zeros(model.next_id, np.uint8)
        here = p.present == 1
        states[p.id[here]] = p.union_state[here]
        return states

    def _lengthened(self, known: np.ndarray, size: int) -> np.ndarray:
        return np.concatenate((known, np.zeros(size - known.size, known.dtype)))

    def _remember(self, model: QuartierModel) -> None:
        """Who has been married, and of whom among those who are new it is not known whether they were."""
        p, known = model.people, self.once.size
        self.once, self.perhaps = (self._lengthened(flags, model.next_id) for flags in (self.once, self.perhaps))
        here = (p.present == 1) & ((p.union_state == Union.MARRIED) | (p.former_union == Former.WIDOWED))
        self.once[p.id[here]] = True
        self.perhaps[p.id[(p.id >= known) & (p.former_union == Former.SEPARATED)]] = True

    def observe(self, model: QuartierModel) -> None:
        """Count one step."""
        p = model.people
        before = self._lengthened(self.states, model.next_id)
        self.states = self._by_id(model)
        here = np.flatnonzero(p.present == 1)
        was_married = before[p.id[here]] == Union.MARRIED
        ended = here[was_married & (p.partner[here] < 0) & (p.union_since[here] == model.now)]
        now = here[(p.partner[here] >= 0) & (p.leads[here] == 1) & (p.married_since[here] == model.now) & ~was_married]
        now = now[(p.union_state[now] == Union.MARRIED) & (p.id[now] < self.once.size)]
        other = model.row_of_id[p.partner[now]]
        again = [self.once[p.id[now]] | self.once[p.id[other]]]
        again.append(again[0] | self.perhaps[p.id[now]] | self.perhaps[p.id[other]])
        self.counts.append({
            "marriages": now.size,
            "marriages ended by death": int((p.former_union[ended] == Former.WIDOWED).sum()),
            "divorces": self._parted(model, ended),
            "again, at least": int(again[0].sum()),
            "again, at most": int(again[1].sum()),
        })
        mixed = p.sex[now] != p.sex[other]
        self.wives.append(model.ages(now[mixed]))
        self.husbands.append(model.ages(other[mixed]))
        self._remember(model)

    @staticmethod
    def _parted(model: QuartierModel, ended: np.ndarray) -> int:
        """Couples who separated: both sides are still in town."""
        p = model.people
        return int((p.former_union[ended] == Former.SEPARATED).sum()) // 2

    def yearly(self, first: int, last: int, persons: int) -> dict[str, int]:
        """Thousand a year for Germany, over some years of the run (from 0)."""
        steps = self.counts[4 * first : 4 * last]
        scale = GERMANS / persons / 1000 / (last - first)
        return {name: round(scale * sum(step[name] for step in steps)) for name in REGISTERED}

    def married_before(self, first: int, last: int) -> tuple[float, float]:
        """Per cent of marriages with a partner who was married before: seen for certain, and at most."""
        steps = self.counts[4 * first : 4 * last]
        of_all = max(sum(step["marriages"] for step in steps), 1)
        low, high = (100 * sum(step[f"again, at {end}"] for step in steps) / of_all for end in ("least", "most"))
        return low, high

    def classes(self) -> np.ndarray:
        """Per cent of all marriages of the run by class of the age difference."""
        return 100 * _classes(np.concatenate(self.husbands), np.concatenate(self.wives))

    def tell(self, persons: int, years: int) -> None:
        """Print it all beside the register."""
        print("thousand a year for Germany, years 1-3 (registered):", end=" ")
        flows = self.yearly(0, min(3, years), persons)
        print(", ".join(f"{name} {flows[name]} ({REGISTERED[name]})" for name in REGISTERED))
        for first, last in ((0, min(3, years)), (max(years - 5, 0), years)):
            low, high = self.married_before(first, last)
            print(f"marriages with a partner married before, years {first + 1}-{last}: {low:.0f} to {high:.0f} % (2023: 30)")
        old = 100 * np.mean(np.concatenate(self.wives) >= 45)
        print(f"brides of 45 and over: {old:.0f} % (2025: 21)")
        registered = registered_classes()
        print("marriages by husband's less wife's age, in groups of five years, % (2025):", end=" ")
        aims = ["-"] * len(CLASSES) if registered is None else [f"{100 * share:.1f}" for share in registered]
        print(", ".join(f"{c}: {m:.1f} ({r})" for c, m, r in zip(CLASSES, self.classes(), aims, strict=True)))


def main() -> int:
    """Count the unions of a small town, and check the counts against the model's own."""
    from households import national  # the same town as in the benchmark
    from quartier.model.rates import read_rate_book
    from quartier.model.synthesis import synthesise

    region, rates = national(20_000), read_rate_book("00")
    model = QuartierModel(region, rates, synthesise(region, rates, 1))
    flows, marriages, separations = Flows(model), 0, 0
    for _ in range(8):
        model.step()
        flows.observe(model)
        marriages += int(model.events["marriages"].sum())
        separations += int(model.events["separations"].sum())
    flows.tell(20_000, 2)
    seen = sum(step["marriages"] for step in flows.counts)
    parted = sum(step["divorces"] for step in flows.counts)
    print(f"marriages counted {seen}, by the model {marriages}; divorces {parted}, separations {separations}")
    return 0 if 0.97 * marriages <= seen <= marriages and 0 < parted < separations else 1


if __name__ == "__main__":
    sys.exit(main())
