"""Scenarios laid side by side: opened from one folder of results or from two, and paired replicate by replicate."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..model.errors import Fault, InputError, nearest
from ..model.timeline import last_day, quarter_of, year_of
from .compare_effects import Effect, effect
from .run_info import package_version
from .schema import DIMENSION, INDICATORS, SCHEMA_VERSION, TABLE, Indicator
from .store import open_results

if TYPE_CHECKING:
    import xarray as xr

SOFT: Final = ("C",)
"""Grades of evidence at which no size of an effect is proven."""

DERIVED: Final = (
    (
        Indicator(
            "childcare_unserved_under_3", "children without the place they need, under 3",
            "Kinder ohne den benötigten Kita-Platz, unter 3 Jahren", "children", better=-1,
        ),
        "services", ("childcare_under_3", "unserved"),
    ),
    (
        Indicator(
            "childcare_unserved_three_to_school", "children without the place they need, 3 to school entry",
            "Kinder ohne den benötigten Kita-Platz, 3 Jahre bis Schuleintritt", "children", better=-1,
        ),
        "services", ("childcare_three_to_school", "unserved"),
    ),
    (
        Indicator("care_home_waiting", "people waiting for a nursing home", "Wartende auf einen Heimplatz", better=-1),
        "services", ("nursing_home", "waiting"),
    ),
    (
        Indicator("care_strained", "main carers under high strain", "hoch belastete Hauptpflegepersonen", better=-1),
        "care_strain", ("strained",),
    ),
    (
        Indicator(
            "care_insufficient", "people at home with a quarter of their care need unmet or more",
            "zu Hause Gepflegte, deren Bedarf zu einem Viertel oder mehr ungedeckt ist", better=-1,
        ),
        "care_strain", ("insufficient",),
    ),
)
"""Further numbers that are aims of planning, the table each stands in, and its labels there after time and Quartier."""

TABLES_READ: Final = ("indicators", *dict.fromkeys(table for _, table, _ in DERIVED))

QUANTITIES: Final = (*INDICATORS, *(indicator for indicator, _, _ in DERIVED))
"""Everything that is compared, in the order of the tables."""

QUANTITY: Final = {q.id: i for i, q in enumerate(QUANTITIES)}


@dataclass(frozen=True)
class About:
    """What the run's description says of a scenario beside its numbers.

    Attributes
    ----------
    evidence : grades of its measures, each once.
    costs : euros of the whole measure until the end of the run, by name; empty where the file gives none.
    start, end : first quarter in which something differs, and first in which nothing does any more (None: never).
    """

    evidence: tuple[str, ...] = ()
    costs: dict[str, float] = field(default_factory=dict)
    start: int | None = None
    end: int | None = None

    @property
    def soft(self) -> bool:
        """Whether no size of the effect is proven."""
        return any(grade in SOFT for grade in self.evidence)


@dataclass(frozen=True)
class Side:
    """One scenario of one store."""

    results: xr.Dataset
    number: int
    title: str
    about: About


class Comparison:
    """A base scenario and those compared with it; use it in a ``with``, or close it.

    Attributes
    ----------
    base, against : names of the scenarios.
    replicates : numbers of the replicates that all of them have.
    """

    def __init__(self, sides: dict[str, Side], base: str, against: Sequence[str], close: ExitStack) -> None:
        self.sides, self.base, self.against, self._close = sides, base, tuple(against), close
        self.results = sides[base].results
        whole = [np.flatnonzero(sides[s].results["complete"].values[sides[s].number]) for s in (base, *against)]
        common = set(whole[0].tolist()).intersection(*(set(w.tolist()) for w in whole[1:]))
        self.replicates = np.array(sorted(common), int)
        self.dates = [date.fromisoformat(str(t)[:10]) for t in self.results["time"].values]
        self.years = [int(y) for y in self.results["year"].values]
        self.year_ends = [i for i, day in enumerate(self.dates) if day.month == 12]
        self.quartiere = [str(q) for q in self.results["quartier"].values]
        self.names = [str(q) for q in self.results["quartier_name"].values]
        given = str(self.results.attrs["estimated"])
        self.estimated = frozenset() if given == "nothing" else frozenset(given.split(", "))
        self.values = lru_cache(2)(self._values)  # the base and one other: memory does not grow with the scenarios
        self.town, self.single = cache(self._town), cache(self._single)

    def __enter__(self) -> Comparison:
        return self

    def __exit__(self, *_: object) -> None:
        self._close.close()

    @property
    def scenarios(self) -> tuple[str, ...]:
        """The base first."""
        return (self.base, *self.against)

    def title(self, scenario: str) -> str:
        """The readable title of a scenario."""
        return self.sides[scenario].title

    def about(self, scenario: str) -> About:
        """What is known of a scenario beside its numbers."""
        return self.sides[scenario].about

    def table(self, name: str, scenario: str) -> np.ndarray:
        """One table of the paired replicates of a scenario: int [replicate, *dimensions of the table]."""
        side = self.sides[scenario]
        return side.results[name][side.number].values[self.replicates]

    def _values(self, scenario: str) -> np.ndarray:
        """`QUANTITIES` of a scenario: int32 [replicate, time, quartier, quantity]."""
        return quantities_of({name: self.table(name, scenario) for name in TABLES_READ})

    def _town(self, scenario: str) -> Effect:
        base, other = (self.values(s).sum(axis=2, dtype=np.int64) for s in (self.base, scenario))
        return effect(base, other)

    def _single(self, scenario: str) -> Effect:
        return effect(self.values(self.base), self.values(scenario))


def quantities_of(tables: Mapping[str, np.ndarray]) -> np.ndarray:
    """`QUANTITIES` from the tables `TABLES_READ`: int32 [..., time, quartier, quantity]."""
    parts = [tables["indicators"]]
    for _indicator, name, labels in DERIVED:
        where = tuple(DIMENSION[d].ids.index(label) for d, label in zip(TABLE[name].dims[2:], labels, strict=True))
        parts.append(tables[name][(..., *where)][..., None])
    return np.concatenate(parts, axis=-1)


def open_comparison(folders: Sequence[Path], base: str = "baseline", against: Sequence[str] = ()) -> Comparison:
    """Open results and pair the scenarios.

    Parameters
    ----------
    folders : one or two folders of results (or their `results.zarr`).
    base : the scenario the others are compared with.
    against : the others; empty = all there are.

    Raises
    ------
    InputError : a folder holds no results, or those of another version, town, seed or input than this program and the
        first folder; a scenario is not in them; no replicate is whole in all of them.
    """
    close = ExitStack()
    try:
        runs = [_open(folder, close) for folder in folders]
        if faults := [fault for other in runs[1:] for fault in _differences(runs[0], other)]:
            raise InputError(faults)
        sides = _sides(runs)
        others = tuple(against) or tuple(name for name in sides if name != base)
        if faults := _scenario_faults(sides, base, others, folders):
            raise InputError(faults)
        comparison = Comparison(sides, base, others, close)
        if comparison.replicates.size == 0:
            raise InputError(_fault("no_common_replicate", folders[0], "0", "a replicate that is whole in all scenarios",
                                    "run the scenarios again with the same replicates"))
    except BaseException:
        close.close()
        raise
    return comparison


@dataclass(frozen=True)
class _Run:
    folder: Path
    results: xr.Dataset
    description: dict[str, Any]


def _fault(id: str, folder: Path, value: object, expected: str, remedy: str) -> Fault:
    return Fault(id, "error", folder.name, None, None, str(value), expected, remedy)


def _open(folder: Path, close: ExitStack) -> _Run:
    folder = folder.parent if folder.name == "results.zarr" else folder
    store, described = folder / "results.zarr", folder / "run.json"
    if not store.is_dir() or not described.is_file():
        raise InputError(_fault("no_results", folder, folder, "a folder with results.zarr and run.json",
                                "name the folder that `quartier run` wrote"))
    try:
        results = close.enter_context(open_results(store))
        description = json.loads(described.read_text(encoding="utf-8"))["run"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(_fault("unreadable_results", folder, type(error).__name__, "results that can be read",
                                "run the forecast again")) from None
    if missing := [name for name in TABLES_READ if name not in results]:
        raise InputError(_fault("other_version", folder, f"no {missing[0]}", "results of this version of Quartier",
                                "run the forecast again with this version"))
    ours = {"schema_version": SCHEMA_VERSION, "quartier_version": package_version("quartier")}
    for name, wanted in ours.items():
        if (found := results.attrs.get(name)) != wanted:
            raise InputError(_fault("other_version", folder, f"{name} {found}",
                                    f"results of this version of Quartier ({name} {wanted})",
                                    "run the forecast again with this version"))
    return _Run(folder, results, description)


def _differences(ours: _Run, other: _Run) -> list[Fault]:
    """In what two stores differ that must be equal, else their difference is no effect."""
    remedy = "compare runs of the same town, seed and figures"
    faults = [
        _fault(f"other_{name}", other.folder, found, f"the same {name} as in {ours.folder.name}: {wanted}", remedy)
        for name in ("ags", "region", "reference_date", "seed")
        if (found := other.results.attrs[name]) != (wanted := ours.results.attrs[name])
    ]
    for name in ("time", "quartier"):
        if not np.array_equal(ours.results[name].values, other.results[name].values):
            faults.append(_fault(f"other_{name}", other.folder, str(other.results[name].values[-1])[:10],
                                 f"the same {name} as in {ours.folder.name}", remedy))
    mine, theirs = (
        {k: v for k, v in run.description["inputs"].items() if not k.startswith("scenario ")} for run in (ours, other)
    )
    changed = sorted(name for name in {*mine, *theirs} if mine.get(name) != theirs.get(name))
    if changed and not faults:
        expected = f"the same figures as in {ours.folder.name}"
        faults.append(_fault("other_inputs", other.folder, ", ".join(changed), expected, remedy))
    return faults


def _sides(runs: Sequence[_Run]) -> dict[str, Side]:
    """All scenarios by name; one that stands in both runs must be the same file."""
    sides: dict[str, Side] = {}
    digests: dict[str, Any] = {}
    for run in runs:
        titles = [str(t) for t in run.results["scenario_title"].values]
        for number, name in enumerate(str(s) for s in run.results["scenario"].values):
            digest = run.description["inputs"].get(f"scenario {name}")
            if name in sides:
                if digest != digests[name]:
                    raise InputError(_fault("other_scenario", run.folder, name, "the same scenario under the same name",
                                            "rename one of the scenario files and run it again"))
                continue
            digests[name] = digest
            sides[name] = Side(run.results, number, titles[number], about(run.description, name))
    return sides


def about(description: dict[str, Any], name: str) -> About:
    """What `run.json` says of a scenario."""
    parameters = description.get("parameters", {})
    told = parameters.get("scenarios", {}).get(name, {})
    changes = parameters.get("changes", {}).get(name, [])
    starts = [s for c in changes if (s := c.get("start", c.get("step"))) is not None]
    ends = [c.get("end") for c in changes]
    return About(
        tuple(told.get("evidence", ())), dict(told.get("costs", {})), min(starts, default=None),
        max(ends) if ends and None not in ends else None,
    )


def _scenario_faults(
    sides: dict[str, Side], base: str, against: Sequence[str], folders: Sequence[Path]
) -> list[Fault]:
    faults = [
        Fault("unknown_scenario", "error", option, None, None, name, "a scenario of these results",
              nearest(name, sides))
        for option, names in (("--base", (base,)), ("--against", against)) for name in names if name not in sides
    ]
    if base in against:
        faults.append(Fault("same_scenario", "error", "--against", None, None, base, "another scenario than the base",
                            "leave it out"))
    if not against and not faults:
        faults.append(_fault("one_scenario", folders[0], base, "results of at least two scenarios",
                             "run both: `quartier run … -s baseline -s …`"))
    return faults


def first_day(step: int | None) -> date | None:
    """First day of an absolute quarter."""
    return None if step is None else last_day(step - 1) + timedelta(days=1)


def final_day(end: int | None) -> date | None:
    """Last day before an absolute quarter, the end (excluded) of a measure."""
    return None if end is None else last_day(end - 1)


def quarter_text(step: int | None) -> str:
    """Year and calendar quarter, a dash for none.

    >>> quarter_text(4 * 2026 + 2)
    '2026/3'
    """
    return "–" if step is None else f"{year_of(step)}/{quarter_of(step)}"
