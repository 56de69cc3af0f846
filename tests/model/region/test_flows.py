"""Flows: what is refused and warned of, and what a telling of a year's events gives."""

from __future__ import annotations

import pytest
from quartier.model import registers
from quartier.model.region.read import check_region, load_region

HEAD = "date;event;from_id;to_id;origin;sex;age_from;age_to;persons\n"


def flows(town, *lines: str):
    """The town's flows anew, and what is said about them."""
    town.write("flows.csv", HEAD + "\n".join(lines) + "\n")
    return [(f.id, f.row) for f in check_region(town.folder) if f.file == "flows.csv"]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (("2022;death;;;abroad;t;0;;9",), [("flow_origin", 2)]),
        (("2022;in_move;;01;mars;t;0;;9",), [("unknown_choice", 2)]),
        (("2022;in_move;02;01;;t;0;;9",), [("flow_wrong_end", 2)]),
        (("2022;death;01;;;m;0;;9",), [("one_sex_missing", 2)]),
        (("2022;out_move;;;;t;0;17;9", "2022;out_move;;;;t;15;;9"), [("flow_bands_overlap", 3)]),
        (("2022;out_move;;;;t;0;17;9", "2022;out_move;;;;t;18;;9", "2022;out_move;;;;t;0;;18"), []),
        (("2022;out_move;;;;t;0;;50", "2022;out_move;01;;;t;0;;60", "2022;out_move;02;;;t;0;;20"), [("flow_totals_differ", 3)]),
        (("2022;out_move;;;;t;0;;50", "2022;out_move;01;;;t;0;;60", "2022;out_move;02;;;t;0;;."), []),
        (("2022;out_move;;;;t;0;;800",), [("flow_unlikely", None)]),
    ],
)  # fmt: skip
def test_a_fault_of_the_flows_is_named_with_its_line(town, lines, found):
    assert flows(town, *lines) == found


def test_flows_that_contradict_the_stocks_are_a_warning_with_both_figures(town):
    town.replace("population.csv", "02;2021-12-31;t;18;;410", "02;2021-12-31;t;18;;390")  # 1480 in 2021, 1500 in 2022
    events = ("2022;birth;;;;t;0;;15", "2022;death;;;;t;0;;20", "2022;out_move;;;;t;0;;100")
    assert flows(town, *events, "2022;in_move;;;;t;0;;125") == []
    town.write("flows.csv", HEAD + "\n".join((*events, "2022;in_move;;;;t;0;;160")) + "\n")
    (fault,) = [f for f in check_region(town.folder) if f.id == "flow_balance"]
    assert fault.severity == "warning" and fault.value == "160" and "125" in fault.expected


def test_the_least_split_telling_gives_the_total_and_the_others_how_it_is_spread(town):
    lines = (
        "2021;in_move;;;;t;0;;90", "2022;in_move;;;;t;0;;110",
        "2022;in_move;;;abroad;t;0;;40", "2022;in_move;;;germany;t;0;;30", "2022;in_move;;;surroundings;t;0;;40",
        "2022;in_move;;;;m;0;;60", "2022;in_move;;;;f;0;;50", "2022;in_move;;01;;t;0;;70", "2022;in_move;;02;;t;0;;40",
    )  # fmt: skip
    assert flows(town, *lines) == []
    region, _ = load_region(town.folder)
    assert region is not None
    found = registers.registered(region, "in_move", range(2018, 2023))
    assert found is not None and found.years == (2021, 2022) and found.total == 100
    assert found.bands == (("f", 0, -1, 50.0), ("m", 0, -1, 60.0))
    assert found.quartiere is not None and found.quartiere.tolist() == [70, 40]
    assert found.origins == {"abroad": 40, "germany": 30, "surroundings": 40}
    assert registers.registered(region, "in_move", range(2000, 2020)) is None
    assert registers.registered(region, "death", range(2018, 2023)) is None


def test_births_told_twice_are_counted_once(town):
    assert (
        flows(
            town, "2022;birth;;01;;m;0;;6", "2022;birth;;01;;f;0;;5", "2022;birth;;01;;t;0;;11", "2022;birth;;;;t;0;;11"
        )
        == []
    )
    region, _ = load_region(town.folder)
    assert region is not None
    births, years = registers.births(region, 2022, 5)
    assert births.tolist() == [11, 0] and years == 1
