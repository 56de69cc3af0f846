"""What must hold in `flows.csv`, and what is unlikely there."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any, Final

from .draft import Draft, exclusive
from .flows import MOVES_ACROSS, OWN_END, SPLITS, tellings
from .textfile import Frame
from .texts import Faults

GAP: Final = 0.05
"""Two figures of the same thing that differ by more than this share are worth a second look."""
FEWEST: Final = 20
"""Events below which a difference says nothing."""
MOST: Final = {"birth": 0.05, "death": 0.05, "in_move": 0.4, "out_move": 0.4, "move": 0.4}
"""Events per resident and year beyond which a figure is probably in the wrong row or unit."""


def check_flows(draft: Draft, faults: Faults) -> None:
    """All checks of the flows; rows that have an error already are left out."""
    table, file = draft.tables["flows"], draft.files["flows"]
    table = table[~table.index.isin(list(faults.wrong_lines(file)))]
    table = table[table["event"].isin(list(OWN_END)) & table["date"].notna()]
    before = len(faults.errors())
    _ends(table, file, faults)
    _bands(table, file, faults)
    ways = tellings(table)
    _both_sexes(ways, file, faults)
    if len(faults.errors()) == before:
        totals = _totals(ways, file, faults)
        _compare_with_residents(totals, draft, file, faults)


def _ends(table: Frame, file: str, faults: Faults) -> None:
    """A birth has no Quartier of origin, a death no destination; only moves across the border have an origin outside."""
    for line, row in table.iterrows():
        for column in ("from_id", "to_id"):
            if row[column] and column not in OWN_END[row["event"]]:
                other = OWN_END[row["event"]][0]
                faults.add("flow_wrong_end", file, _line(line), column, row[column], event=row["event"], other=other)
        if row["origin"] and row["event"] not in MOVES_ACROSS:
            faults.add("flow_origin", file, _line(line), "origin", row["origin"], event=row["event"])


def _bands(table: Frame, file: str, faults: Faults) -> None:
    """Bands of one year, event, place and sex do not overlap; all ages together are another telling."""
    group = ["date", "event", "from_id", "to_id", "origin", "sex"]
    split = table[(table["age_from"] > 0) | (table["age_to"] >= 0)].dropna(subset=["age_from", "age_to"])
    rows = split.drop_duplicates([*group, "age_from", "age_to"]).sort_values([*group, "age_from"], kind="stable")
    if rows.empty:
        return
    same = (rows[group] == rows[group].shift()).all(axis=1)
    last = rows["age_to"].shift()
    for line in rows.index[same & ((last < 0) | (rows["age_from"] <= last))]:
        row = rows.loc[line]
        band = f"{row['age_from']:.0f}–{row['age_to']:.0f}" if row["age_to"] >= 0 else f"{row['age_from']:.0f}+"
        faults.add("flow_bands_overlap", file, _line(line), "age_from", band, event=row["event"])


def _both_sexes(ways: dict, file: str, faults: Faults) -> None:
    for (year, event), by_split in ways.items():
        for splits, rows in by_split.items():
            if splits[SPLITS.index("sex")] and set(rows["of_sex"]) != {"m", "f"}:
                line = _line(rows.index[0])
                faults.add("one_sex_missing", file, line, "sex", rows.at[line, "of_sex"], where=f"{event} / {year}")


def _totals(ways: dict, file: str, faults: Faults) -> dict[tuple[int, str], float]:
    """The total of every year and event that is known; a warning where two tellings of it differ."""
    totals: dict[tuple[int, str], float] = {}
    for key, by_split in ways.items():
        known = [(rows["persons"].sum(), rows) for rows in by_split.values() if rows["persons"].notna().all()]
        if not known:
            continue
        totals[key], first = float(known[0][0]), known[0][1]
        for persons, rows in known[1:]:
            if abs(persons - totals[key]) > max(GAP * totals[key], FEWEST):
                where, value = f"{key[1]} / {key[0]}", f"{persons:.0f}"
                total, line = f"{totals[key]:.0f}", _line(first.index[0])
                faults.add(
                    "flow_totals_differ",
                    file,
                    _line(rows.index[0]),
                    "persons",
                    value,
                    where=where,
                    total=total,
                    line=line,
                )
    return totals


def _compare_with_residents(totals: dict[tuple[int, str], float], draft: Draft, file: str, faults: Faults) -> None:
    residents = _residents(draft)
    for (year, event), persons in totals.items():
        near = min(residents, key=lambda y: abs(y - year), default=None)
        if near is not None and persons > max(MOST[event] * residents[near], FEWEST):
            faults.add("flow_unlikely", file, None, "persons", f"{persons:.0f}", event=event, year=year,
                       residents=f"{residents[near]:.0f}")  # fmt: skip
    _balance(totals, residents, file, faults)


def _residents(draft: Draft) -> dict[int, float]:
    """Residents by year, of the years that end on a register's day and whose figures are all known."""
    if "population" not in draft.tables:
        return {}
    counted, _ = exclusive(draft.tables["population"].dropna(subset=["age_from", "age_to"]))
    sums: dict[int, float] = {}
    for day, rows in counted.groupby("date"):
        if isinstance(day, date) and (day.month, day.day) == (12, 31) and rows["persons"].notna().all():
            sums[day.year] = float(rows["persons"].sum())
    return sums


def _balance(totals: dict[tuple[int, str], float], residents: dict[int, float], file: str, faults: Faults) -> None:
    """Stocks against flows over all years that have both: in-moves = out-moves + change - births + deaths."""
    events = ("birth", "death", "in_move", "out_move")
    years = sorted(residents)
    expected = registered = 0.0
    used: list[int] = []
    for first, last in pairwise(years):
        between = range(first + 1, last + 1)
        if all((year, event) in totals for year in between for event in events):
            births, deaths, arrived, left = (sum(totals[year, e] for year in between) for e in events)
            expected += left + residents[last] - residents[first] - births + deaths
            registered += arrived
            used += between
    if used and abs(expected - registered) > max(GAP * registered, FEWEST):
        faults.add("flow_balance", file, None, "persons", f"{registered:.0f}", expected=f"{expected:.0f}",
                   first=used[0], last=used[-1])  # fmt: skip


def _line(label: Any) -> int:
    return int(label)
