"""What must hold between the rows of a table and between tables; each function notes all faults of its kind."""

from __future__ import annotations

import pandas as pd

from .draft import Draft, exclusive
from .flow_checks import check_flows
from .geometry import in_germany
from .textfile import Frame
from .texts import Faults

_GROUP = ["quartier_id", "date", "sex"]


def check_whole(draft: Draft, faults: Faults) -> None:
    """All checks that look at more than one cell, on whatever tables could be read."""
    for name in ("population", "pyramid"):
        if name in draft.tables and not (name == "population" and draft.checked_by_importer):
            check_bands(draft, name, faults)
    if "population" in draft.tables:
        check_coverage(draft, faults)
        if not draft.checked_by_importer:
            sound = without_wrong(draft, "population", faults)
            check_sexes(sound, draft, faults)
            if "age_margins" in draft.tables:
                check_margins(sound, draft, faults)
    if "flows" in draft.tables:
        check_flows(draft, faults)
    for name in ("quartiere", "facilities"):
        if name in draft.tables:
            check_coordinates(draft, name, faults)


def without_wrong(draft: Draft, name: str, faults: Faults) -> Frame:
    """A table by Quartier and day without those of which a line has an error already: their sums say nothing."""
    table = draft.tables[name]
    wrong = table.index.isin(list(faults.wrong_lines(draft.files[name])))
    spoilt = set(zip(table.loc[wrong, "quartier_id"], table.loc[wrong, "date"], strict=True))
    keep = [key not in spoilt for key in zip(table["quartier_id"], table["date"], strict=True)]
    return table[keep]


def check_bands(draft: Draft, name: str, faults: Faults) -> None:
    """The age bands of one Quartier, day and sex must start at 0, follow one another and end open."""
    table, file = draft.tables[name], draft.files[name]
    group = [c for c in _GROUP if c in table.columns]
    wrong = table.index.isin(list(faults.wrong_lines(file)))
    lost = set(table.loc[wrong, "age_from"])  # bands of rows that have an error already: their gaps only follow from it
    usable = table[~wrong].dropna(subset=["age_from", "age_to"])
    usable = usable[(usable["age_to"] < 0) | (usable["age_to"] >= usable["age_from"])]
    usable = usable.drop_duplicates([*group, "age_from", "age_to"])
    rows = usable.sort_values([*group, "age_from", "age_to"], kind="stable")
    if rows.empty:
        return
    same = (rows[group] == rows[group].shift()).all(axis=1)
    last_to = rows["age_to"].shift()
    follows = same & (last_to >= 0)
    overlap = same & ((last_to < 0) | (rows["age_from"] <= last_to))
    gap = follows & (rows["age_from"] > last_to + 1) & ~(last_to + 1).isin(lost)
    late = ~same & (rows["age_from"] > 0) & (0 not in lost)
    ends = ~same.shift(-1, fill_value=False) & (rows["age_to"] >= 0) & ~(rows["age_to"] + 1).isin(lost)
    for line in rows.index[overlap | gap | late | ends].sort_values():
        row = rows.loc[line]
        band, where = _band(row["age_from"], row["age_to"]), " / ".join(str(row[c]) for c in group)
        if overlap[line]:
            previous = rows.loc[:line].iloc[-2]
            other = _band(previous["age_from"], previous["age_to"])
            faults.add("overlapping_bands", file, line, "age_from", band, other=other, where=where)
        elif gap[line] or late[line]:
            first = int(last_to[line]) + 1 if gap[line] else 0
            faults.add("gapped_bands", file, line, "age_from", band, first=first, where=where)
        if ends[line]:
            faults.add("closed_last_band", file, line, "age_to", band, where=where)


def _band(age_from: float, age_to: float) -> str:
    return f"{age_from:.0f}+" if age_to < 0 else f"{age_from:.0f}–{age_to:.0f}"


def check_coverage(draft: Draft, faults: Faults) -> None:
    """There is a population at the reference date, for every Quartier, and its figures are known."""
    population, file = draft.tables["population"], draft.files["population"]
    wrong = faults.wrong_lines(file)
    days = sorted({d for d in population["date"] if d is not None})
    start = draft.start_date()
    if population["persons"].isna().all() and not wrong & set(population.index):
        faults.add("all_unknown", file, column="persons")
        return
    if days and start is None:
        faults.add(
            "no_population_before", file, column="date", value=draft.reference_date, first=days[0], last=days[-1]
        )
        return
    if start is not None and start != draft.reference_date:
        faults.add("older_population", file, column="date", value=draft.reference_date, start=start)
    now = population[population["date"] == start]
    known = now[now["persons"].notna() | now.index.isin(list(wrong))]
    for line, cell in now.loc[now["persons"].isna(), "quartier_id"].items():
        if line not in wrong and cell in set(known["quartier_id"]):
            faults.add("unknown_count", file, _line(line), "persons", quartier=cell)
    if "quartiere" in draft.tables:
        misspelt = {str(key).lstrip("0") for key in population.loc[population.index.isin(list(wrong)), "quartier_id"]}
        without = set(draft.tables["quartiere"]["quartier_id"]) - set(known["quartier_id"]) - {""}
        for quartier in sorted(key for key in without if key.lstrip("0") not in misspelt):
            faults.add("quartier_without_population", file, column="quartier_id", value=quartier, date=start)
    if len(known) and known["persons"].sum() == 0:
        faults.add("nobody_lives_here", file, column="persons", value=0)


def check_sexes(population: Frame, draft: Draft, faults: Faults) -> None:
    """Men and women both, or neither; where the total is given as well, they add up to it."""
    file = draft.files["population"]
    table = population.drop_duplicates([*_GROUP, "age_from", "age_to"])
    table = table[table["sex"].isin(["m", "f", "t"])]
    for (quartier, day), rows in table.groupby(["quartier_id", "date"]):
        sexes = set(rows["sex"])
        if len(sexes & {"m", "f"}) == 1:
            line = rows.index[rows["sex"] != "t"][0]
            faults.add("one_sex_missing", file, line, "sex", rows.at[line, "sex"], where=f"{quartier} / {day}")
        elif sexes == {"m", "f", "t"}:
            _compare_sexes(rows, f"{quartier} / {day}", draft, file, faults)


def _compare_sexes(rows: Frame, where: str, draft: Draft, file: str, faults: Faults) -> None:
    by_band = rows.pivot(index=["age_from", "age_to"], columns="sex", values="persons")
    lines = rows[rows["sex"] == "t"].set_index(["age_from", "age_to"]).index
    line_of = dict(zip(lines, rows.index[rows["sex"] == "t"], strict=True))
    off = False
    for band, row in by_band.dropna().iterrows():
        if abs(row["m"] + row["f"] - row["t"]) > draft.tolerance(2):
            off = True
            faults.add(
                "sexes_do_not_add_up",
                file,
                line_of[band],
                "persons",
                f"{row['t']:.0f}",
                sum=f"{row['m'] + row['f']:.0f}",
                where=where,
            )
    if not off and rows["persons"].notna().all():
        total, sexes = rows.loc[rows["sex"] == "t", "persons"].sum(), rows.loc[rows["sex"] != "t", "persons"].sum()
        if abs(total - sexes) > draft.tolerance(len(rows)):
            line = rows.index[rows["sex"] == "t"][0]
            faults.add("sexes_do_not_add_up", file, line, "persons", f"{total:.0f}", sum=f"{sexes:.0f}", where=where)


def check_margins(population: Frame, draft: Draft, faults: Faults) -> None:
    """A further age band fits inside the bands it lies across: at least those inside it, at most those it touches."""
    file = draft.files["age_margins"]
    margins = without_wrong(draft, "age_margins", faults).dropna(subset=["age_from", "age_to", "persons"])
    counted, rest = (_known(rows) for rows in exclusive(population.dropna(subset=["age_from", "age_to"])))
    told: set[int] = set()
    for rows in (counted, rest):
        bounds = _bounds(margins, rows)
        slack = bounds["bands"].map(draft.tolerance) if len(bounds) else 0.0
        off = (bounds["persons"] < bounds["low"] - slack) | (bounds["persons"] > bounds["high"] + slack)
        for line, row in bounds[off].iterrows():
            if _line(line) not in told:
                told.add(_line(line))
                whole = row["age_from"] == 0 and row["age_to"] < 0 and row["sex"] == "t"
                faults.add(
                    "band_sum_differs" if whole else "margin_does_not_fit",
                    file,
                    _line(line),
                    "persons",
                    f"{row['persons']:.0f}",
                    low=f"{row['low']:.0f}",
                    high=f"{row['high']:.0f}",
                    band=_band(row["age_from"], row["age_to"]),
                )
    _compare_margin_sexes(margins, counted, draft, file, faults)


def _known(rows: Frame) -> Frame:
    """The rows of those Quartiere and days of which every figure is known."""
    unknown = rows["persons"].isna().groupby([rows["quartier_id"], rows["date"]]).transform("any")
    return rows[~unknown.astype(bool)]


def _bounds(margins: Frame, rows: Frame) -> Frame:
    """By line of the margins: the fewest and most persons that the bands allow, and how many bands there are.

    Bands of both sexes bound men or women from above only.
    """
    on = ["quartier_id", "date"]
    pairs: Frame = margins.rename_axis("line").reset_index().merge(rows, on=on, suffixes=("", "_band"))
    pairs = pairs[(pairs["sex"] == "t") | pairs["sex_band"].isin(["t"]) | (pairs["sex"] == pairs["sex_band"])]
    end = pairs["age_to"].where(pairs["age_to"] >= 0, float("inf"))
    last = pairs["age_to_band"].where(pairs["age_to_band"] >= 0, float("inf"))
    inside = (pairs["age_from_band"] >= pairs["age_from"]) & (last <= end)
    touched = (pairs["age_from_band"] <= end) & (last >= pairs["age_from"])
    of_both = (pairs["sex"] != "t") & (pairs["sex_band"] == "t")
    persons = pairs["persons_band"]
    pairs = pairs.assign(low=persons.where(inside & ~of_both, 0.0), high=persons.where(touched, 0.0), bands=1)
    sums = pairs.groupby("line")[["low", "high", "bands"]].sum()
    return margins.join(sums, how="inner")


def _compare_margin_sexes(margins: Frame, residents: Frame, draft: Draft, file: str, faults: Faults) -> None:
    """Totals by sex over all ages add up to the residents."""
    on = ["quartier_id", "date"]
    whole = margins[(margins["age_from"] == 0) & (margins["age_to"] < 0) & (margins["sex"] != "t")]
    by_sex: Frame = (
        whole.rename_axis("line")
        .reset_index()
        .groupby(on)
        .agg(sexes=("sex", "nunique"), sum=("persons", "sum"), line=("line", "max"))
    )
    both = by_sex.join(residents.groupby(on)["persons"].agg(residents="sum", size="size"), how="inner")
    slack = both["size"].map(draft.tolerance) if len(both) else 0.0
    off = both[(both["sexes"] == 2) & ((both["sum"] - both["residents"]).abs() > slack)]
    for (quartier, day), row in off.iterrows():
        faults.add(
            "sexes_do_not_add_up",
            file,
            int(row["line"]),
            "persons",
            f"{row['sum']:.0f}",
            sum=f"{row['residents']:.0f}",
            where=f"{quartier} / {day}",
        )


def check_coordinates(draft: Draft, name: str, faults: Faults) -> None:
    """Coordinates come in pairs, lie in Germany and are not exchanged."""
    table, file = draft.tables[name], draft.files[name]
    for line, lon, lat in table[["lon", "lat"]].itertuples(name=None):
        if pd.isna(lon) and pd.isna(lat):
            continue
        if pd.isna(lon) or pd.isna(lat):
            faults.add("half_a_coordinate", file, line, "lon" if pd.isna(lon) else "lat")
        elif not in_germany(lon, lat):
            id = "exchanged_coordinates" if in_germany(lat, lon) else "outside_germany"
            faults.add(id, file, line, "lon", f"{lon:.6g}, {lat:.6g}")


def _line(label: object) -> int:
    assert isinstance(label, int)
    return label
