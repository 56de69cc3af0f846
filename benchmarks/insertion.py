"""One more one-person household: how many other lives does it change?

    python benchmarks/insertion.py            Flensburg, 20 insertions, after 1, 5 and 20 years, markets off and on
    python benchmarks/insertion.py --check    one insertion, one year, markets off: no life may change; a few seconds

The household is inserted after the synthesis, into a model that has been constructed: a person of 20 to 79, with a dwelling of
two rooms where there is a market of dwellings. A life is everything that is said of a person: family, dwelling, care,
disability, childcare place, with links named by key. It has changed if anything differs, or if the person is in one of the
two towns only. The inserted person and the descendants are not counted.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from quartier.model import households as verbs
from quartier.model.luck import Domain, derive_keys
from quartier.model.model import QuartierModel
from quartier.model.process import Process
from quartier.model.processes import STEP
from quartier.model.rates import RateBook, read_rate_book
from quartier.model.region.read import read_region
from quartier.model.region.region import Region
from quartier.model.start import Start
from quartier.model.synthesis import synthesise

MARKETS: Final = ("form_union", "move", "place_children")
OFF: Final = tuple(p for p in STEP if p.name not in MARKETS)
PLAIN: Final = (
    "birth", "sex", "quartier", "role", "union_state", "union_since", "married_since", "former_union", "parity", "last_birth",
    "plan", "plan_since", "kin_away", "care", "setting", "disability", "place", "childcare", "place_wait_since",
)
LINKS: Final = ("partner", "mother", "father")
ORDINAL: Final = 99
"""Keeps the keys of the inserted apart from those of the model."""


@dataclass(frozen=True)
class Town:
    """A town ready to be simulated."""

    region: Region
    rates: RateBook
    start: Start

    @classmethod
    def read(cls, name: str) -> Town:
        """An embedded town."""
        region = read_region(name)
        rates = read_rate_book(region.state)
        return cls(region, rates, synthesise(region, rates, 1))

    def model(self, processes: Sequence[Process]) -> QuartierModel:
        """The town at its start."""
        return QuartierModel(self.region, self.rates, self.start, processes=processes)


def insert(model: QuartierModel, number: int) -> int:
    """Add one more one-person household, with its dwelling where there is a market; returns the person's key."""
    rng = np.random.default_rng(number)
    quartier = int(rng.integers(model.n_quartiere))
    key = derive_keys(Domain.OUTSIDER, number, ORDINAL)
    home = verbs.found(model, np.array([quartier]))
    birth = model.now - 4 * int(rng.integers(20, 80)) - 2
    person = verbs.arrive(model, 1, key=key, sex=int(rng.integers(2)), birth=birth)
    verbs.join(model, person, home)
    if not model.has("move"):
        return int(key[0])
    new = model.dwellings.append(1, key=derive_keys(Domain.DWELLING, number, ORDINAL), quartier=quartier, rooms=2)
    verbs.settle(model, home, np.arange(new.start, new.stop))
    model.households.moved_at[home] = 0
    return int(key[0])


@dataclass(frozen=True)
class Lives:
    """Everybody present, ascending by key: keys (u64 [n]), what is said of them (u64 [n, columns]), dwellings (u64 [n])."""

    keys: np.ndarray
    said: np.ndarray
    homes: np.ndarray

    @classmethod
    def of(cls, model: QuartierModel) -> Lives:
        """The lives of a town as it is now."""
        p, h, d = model.people, model.households, model.dwellings
        rows = np.flatnonzero(p.present == 1)
        rows = rows[np.argsort(p.key[rows])]
        columns = [getattr(p, name)[rows].astype(np.int64).view(np.uint64) for name in PLAIN]
        for name in LINKS:
            other = model.rows_of(getattr(p, name)[rows])
            columns.append(np.where(other >= 0, p.key[np.maximum(other, 0)], np.uint64(0)))
        dwelling = h.dwelling[p.household[rows]]
        homes = np.where(dwelling >= 0, d.key[np.maximum(dwelling, 0)], np.uint64(0))
        return cls(p.key[rows], np.column_stack(columns), homes)

    def family_of(self, key: int) -> np.ndarray:
        """The key and those of the descendants."""
        family = np.array([key], np.uint64)
        while True:
            more = np.union1d(family, self.keys[np.isin(self.said[:, -2:], family).any(axis=1)])
            if more.size == family.size:
                return family
            family = more


def changed(plain: Lives, other: Lives, inserted: int) -> tuple[int, int]:
    """How many lives differ in anything, and how many in more than the dwelling and the Quartier."""
    family = other.family_of(inserted)
    _, a, b = np.intersect1d(plain.keys, other.keys, return_indices=True)
    only = int(np.isin(np.setxor1d(plain.keys, other.keys), family, invert=True).sum())
    differs = plain.said[a] != other.said[b]
    moved = (plain.homes[a] != other.homes[b]) | differs[:, PLAIN.index("quartier")]
    differs[:, PLAIN.index("quartier")] = False
    return only + int((differs.any(axis=1) | moved).sum()), only + int(differs.any(axis=1).sum())


def after(model: QuartierModel, years: Sequence[int]) -> Iterator[Lives]:
    """The lives after each of the years."""
    first = model.now
    for year in years:
        model.run(first + 4 * year)
        yield Lives.of(model)


def shares(town: Town, processes: Sequence[Process], years: Sequence[int], insertions: int) -> np.ndarray:
    """Lives changed, i64 [insertion, year, anything | more than the address], and persons by year in the last column."""
    plain = list(after(town.model(processes), years))
    counts = np.zeros((insertions, len(years), 3), np.int64)
    for number in range(insertions):
        model = town.model(processes)
        key = insert(model, number)
        for y, lives in enumerate(after(model, years)):
            counts[number, y] = *changed(plain[y], lives, key), plain[y].keys.size
    return counts


def tell(label: str, years: Sequence[int], counts: np.ndarray) -> None:
    """Median, mean, highest of the shares of lives changed."""
    for kind, name in enumerate(("anything", "more than the address")):
        for y, year in enumerate(years):
            share = 100 * counts[:, y, kind] / counts[:, y, 2]
            print(
                f"{label:16} {name:22} after {year:2} years: median {np.median(share):.4f} %, mean {share.mean():.4f} %, "
                f"highest {share.max():.4f} %, insertions without any {int((share == 0).sum())} of {len(share)}"
            )


def main() -> None:
    """Print the figures, or check that no life changes without the markets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="correctness only")
    parser.add_argument("--region", default="flensburg")
    parser.add_argument("--insertions", type=int, default=20)
    parser.add_argument("--years", type=int, nargs="+", default=[1, 5, 20])
    given = parser.parse_args()
    began = time.perf_counter()
    town = Town.read(given.region)
    if given.check:
        counts = shares(town, OFF, [1], 1)
        if counts[..., :2].any():
            sys.exit(f"without the markets one more household changed {counts[0, 0, 0]} lives")
        print("one more household changes no life without the markets: ok")
        return
    for label, processes in (("markets off", OFF), ("markets on", STEP)):
        tell(label, given.years, shares(town, processes, given.years, given.insertions))
    print(f"{given.insertions} insertions, {len(town.start.people['key'])} persons, {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
