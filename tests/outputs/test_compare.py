"""Comparing scenarios: sizes, signs, dates, gains and conflicts that can be worked out by hand."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from comparing import DIFFERENCES, HALF, STEPS, made_results
from quartier.model.errors import InputError
from quartier.outputs.compare import QUANTITY, open_comparison
from quartier.outputs.compare_effects import Effect, course, effect, student
from quartier.outputs.compare_groups import group_effects, trade_offs, verdict
from quartier.outputs.compare_summary import by_chance, summarise_comparison
from quartier.outputs.compare_tables import ComparisonTables
from quartier.outputs.compare_write import write_comparison_csv, write_comparison_workbook
from quartier.outputs.summary import signed

ATTENDING, WAITING = "childcare_attending_under_3", "childcare_waiting_under_3"
LATER = slice(6, STEPS)
MEASURE = {"start": 8101, "end": 8105}
"""From the third quarter of 2025 to the second of 2026."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Base, ``more`` (more children served in Quartier 1, more waiting in 2), ``same``, and a soft ``network``."""
    shifts = [(ATTENDING, 0, LATER, DIFFERENCES), (WAITING, 1, LATER, DIFFERENCES),
              ("unserved_under_3", 0, LATER, [-d for d in DIFFERENCES])]
    return made_results(
        tmp_path_factory.mktemp("compared"),
        {"baseline": [], "more": shifts, "same": [], "network": [(ATTENDING, 2, slice(8, 13), (2, 2, 2, 2))]},
        about={"more": {"evidence": ["A"], "costs": {"places": 440.0}}, "network": {"evidence": ["B", "C"]}},
        changes={"more": [{"start": 8101, "end": None}], "network": [MEASURE]},
        titles={"baseline": "Fortschreibung", "network": "=Netzwerk"},
    )


@pytest.fixture
def comparison(folder):
    with open_comparison([folder]) as opened:
        yield opened


# -- effects by hand ---------------------------------------------------------------------------------------------------


def test_the_interval_is_that_of_the_paired_differences():
    base = np.array([100, 200, 300, 400])
    one = effect(base, base + np.array(DIFFERENCES))
    assert float(one.base) == 250 and float(one.scenario) == 254
    assert float(one.mean) == 4
    assert (float(one.low), float(one.high)) == pytest.approx((4 - HALF, 4 + HALF), rel=1e-6)
    assert int(one.proven) == 1
    assert student(4) == pytest.approx(3.182446305)


def test_pairing_finds_what_the_spread_of_the_base_would_hide():
    base = np.array([0, 1000, 2000, 3000])
    assert int(effect(base, base + 1 + np.array([0, 0, 0, 1])).proven) == 1


@pytest.mark.parametrize(("differences", "share"), [
    ((3, -1, 5, 4), 0.75), ((3, 0, 5, 4), 0.75), ((-1, -1, -1, -1), 1.0), ((-5, 1, 1, 1), 0.25), ((0, 0, 0, 0), None),
])
def test_the_share_of_the_same_sign_counts_replicates_that_agree_with_the_mean(differences, share):
    one = effect(np.zeros(4, int), np.array(differences))
    assert (None if np.isnan(one.same_sign) else float(one.same_sign)) == share


def test_an_interval_that_touches_zero_proves_nothing():
    assert int(effect(np.zeros(2, int), np.array([0, 9])).proven) == 0
    assert int(effect(np.zeros(4, int), np.array([9, -9, 9, -9])).proven) == 0


def test_one_replicate_gives_no_interval():
    one = effect(np.array([10]), np.array([14]))
    assert float(one.mean) == 4 and np.isnan(one.low) and int(one.proven) == 0


def test_equal_differences_have_an_interval_without_width_however_large_the_numbers():
    base = np.array([10**7, 10**7 + 1, 3 * 10**7])
    one = effect(base, base + 91)
    assert (float(one.low), float(one.high)) == (91, 91)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    draw = np.random.default_rng(5)
    base = draw.poisson(200, (10, 4000))
    one = effect(base, base + draw.poisson(7, base.shape))
    held = ((one.low <= 7) & (one.high >= 7)).mean()
    assert 0.93 < held < 0.97  # 0.95 ± 5.8 standard errors, poisson differences being not quite normal


# -- dates -------------------------------------------------------------------------------------------------------------


def lasting(signs: str, sizes: dict[int, float] | None = None) -> Effect:
    """An effect from one sign per date: ``+``, ``-`` proven, ``.`` not; size 1 unless given."""
    sign = np.array([{"+": 1.0, "-": -1.0, ".": 0.0}[s] for s in signs])
    mean = sign.copy()
    for i, size in (sizes or {}).items():
        mean[i] *= size
    half = np.where(sign == 0, 1.0, 0.5)
    return Effect(mean, mean, mean, mean - half, mean + half, mean)


@pytest.mark.parametrize(("signs", "sizes", "expected"), [
    ("....++++++++", {}, (4, 4, None)),
    ("....++++++++", {9: 7.0}, (4, 9, None)),
    ("...++++++...", {6: 3.0}, (3, 6, 9)),
    ("..--------..", {5: 2.0}, (2, 5, 10)),
    (".+..++++++++", {}, (4, 4, None)),
    ("++++.+++++++", {}, (0, 0, None)),
    ("...+++......", {}, (None, None, None)),
    ("++--++--++--", {}, (None, None, None)),
    ("............", {}, (None, None, None)),
    ("++++....----", {9: 5.0}, (0, 9, None)),
    (".+..++++..+.", {10: 9.0}, (4, 4, 8)),
])
def test_an_effect_appears_peaks_and_fades_when_it_lasts_for_a_year(signs, sizes, expected):
    assert tuple(course(lasting(signs, sizes))) == expected


def test_dates_of_an_effect_in_the_store_are_those_it_was_given(comparison):
    i = QUANTITY[ATTENDING]
    assert course(comparison.town("more").at(slice(None), i)) == (6, 6, None)
    assert course(comparison.town("network").at(slice(None), i)) == (8, 8, 13)
    assert course(comparison.town("same").at(slice(None), i)) == (None, None, None)


# -- pairing of stores -------------------------------------------------------------------------------------------------


def test_differences_of_the_town_and_of_the_quartiere_are_those_that_were_made(comparison):
    town, single = comparison.town("more"), comparison.single("more")
    expected = np.zeros(STEPS)
    expected[6:] = 4
    assert np.array_equal(town.mean[:, QUANTITY[ATTENDING]], expected)
    assert np.array_equal(single.mean[:, 0, QUANTITY[ATTENDING]], expected)
    assert np.allclose(single.high[6:, 0, QUANTITY[ATTENDING]], 4 + HALF)
    untouched = np.delete(single.mean, [0, 1], axis=1)
    assert not untouched.any()
    assert np.array_equal(town.mean[:, QUANTITY["childcare_unserved_under_3"]], -expected)


def test_a_scenario_without_effect_is_unchanged_everywhere(comparison):
    one = comparison.town("same")
    assert not one.mean.any() and not (one.high - one.low).any()
    assert verdict(one.at(0, 0), 1) == "unchanged"


def test_two_folders_give_the_same_as_one(folder, tmp_path, comparison):
    base = made_results(tmp_path / "base", {"baseline": []})
    other = made_results(tmp_path / "other", {"more": [(ATTENDING, 0, LATER, DIFFERENCES)]})
    with open_comparison([base, other]) as apart:
        assert apart.against == ("more",)
        i = QUANTITY[ATTENDING]
        assert np.array_equal(apart.town("more").mean[:, i], comparison.town("more").mean[:, i])


def test_only_replicates_that_both_have_are_paired(tmp_path):
    base = made_results(tmp_path / "base", {"baseline": []})
    other = made_results(tmp_path / "other", {"more": [(ATTENDING, 0, LATER, DIFFERENCES)]}, replicates=2)
    with open_comparison([base, other]) as apart:
        assert apart.replicates.tolist() == [0, 1]
        assert apart.town("more").mean[-1, QUANTITY[ATTENDING]] == 3.5


def refused(*folders: Path, **options: object) -> list[str]:
    with pytest.raises(InputError) as error:
        open_comparison(folders, **options)  # type: ignore[arg-type]
    assert all(fault.remedy and fault.expected for fault in error.value.faults)
    return [fault.id for fault in error.value.faults]


def test_results_of_another_seed_town_or_input_are_named_and_refused(folder, tmp_path):
    seed = made_results(tmp_path / "seed", {"more": []}, seed=8)
    assert refused(folder, seed) == ["other_seed"]
    town = made_results(tmp_path / "town", {"more": []}, name="Anderstadt")
    assert refused(folder, town) == ["other_region"]
    figures = made_results(tmp_path / "figures", {"a": []}, inputs={"rates and parameters": "other"})
    assert refused(folder, figures) == ["other_inputs"]


@pytest.mark.parametrize("attribute", ["quartier_version", "schema_version"])
def test_results_of_another_version_are_named_and_refused(tmp_path, attribute):
    import zarr

    made = made_results(tmp_path / "old", {"baseline": [], "more": []})
    zarr.open_group(made / "results.zarr", mode="a").attrs[attribute] = 99
    import quartier.outputs.store as store

    store.consolidate(made / "results.zarr")
    assert refused(made) == ["other_version"]


def test_a_scenario_of_another_content_under_the_same_name_is_refused(folder, tmp_path):
    other = made_results(tmp_path / "other", {"more": []}, inputs={"scenario more": "different"})
    assert refused(folder, other) == ["other_scenario"]


def test_folders_without_results_and_scenarios_that_are_not_there_are_refused(folder, tmp_path):
    assert refused(tmp_path) == ["no_results"]
    assert refused(folder, base="baselin", against=("mor", "more")) == ["unknown_scenario", "unknown_scenario"]
    assert refused(folder, against=("baseline",)) == ["same_scenario"]
    alone = made_results(tmp_path / "alone", {"baseline": []})
    assert refused(alone) == ["one_scenario"]


# -- groups and conflicts ----------------------------------------------------------------------------------------------


def test_who_gains_and_who_loses_follows_the_aims(comparison):
    groups = {(g.kind, g.group, g.what): g for g in group_effects(comparison, "more", 2027, "en")}
    served = groups["age group", "under 3", "children in childcare (places outside the town included), under 3"]
    assert served.verdict == "better" and float(served.effect.mean) == 4
    waiting = "children waiting for a place, under 3"
    assert groups["age group", "under 3", waiting].verdict == "worse"
    assert groups["Quartier", "=1+1", waiting].verdict == "worse"
    assert groups["Quartier", "Altstadt", waiting].verdict == "unchanged"
    assert groups["type of household", "lone parent with children of any age", "private households"].verdict == "unchanged"


def test_groups_by_age_add_up_and_are_neither_gain_nor_loss(tmp_path):
    made = made_results(tmp_path, {"baseline": [], "more": [("population", 0, slice(None), DIFFERENCES)]})
    with open_comparison([made]) as comparison:
        found = [g for g in group_effects(comparison, "more", 2027, "en") if g.what == "residents"]
    assert {g.verdict for g in found} == {"more"}
    assert sum(float(g.effect.mean) for g in found) == 4 * 2 * 112  # two sexes, 112 age bins


def test_aims_that_move_against_each_other_are_named_as_conflict(comparison):
    found = {aim.quantity.id: aim for aim in trade_offs(comparison, "more", 2027)}
    assert found[ATTENDING].verdict == "better" and found[ATTENDING].better_in == 1
    assert [r.id for r in found[ATTENDING].rivals] == [WAITING]
    assert {r.id for r in found[WAITING].rivals} == {ATTENDING, "childcare_unserved_under_3"}
    assert found["households_waiting"].rivals == ()


@pytest.mark.parametrize(("low", "high", "better", "expected"), [
    (1, 2, 1, "better"), (1, 2, -1, "worse"), (-2, -1, -1, "better"), (-2, -1, 0, "fewer"), (1, 2, 0, "more"),
    (-1, 2, 1, "unclear"), (0, 0, 1, "unchanged"),
])
def test_the_verdict_needs_an_interval_without_zero_and_an_aim(low, high, better, expected):
    mean = (low + high) / 2
    assert verdict(Effect(*map(np.float64, (0, 0, mean, low, high, 1))), better) == expected


# -- tables ------------------------------------------------------------------------------------------------------------

SHEETS = ["Differenzen Stadt", "je Quartier", "Wer gewinnt, wer verliert", "Zeitverlauf", "Zielkonflikte", "Kosten",
          "Methode"]
SOFT = "Die Größe dieser Wirkung ist nicht belegt (Evidenzgrad C)"


@pytest.fixture(scope="module")
def out(folder, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("out")
    with open_comparison([folder]) as comparison:
        write(out, ComparisonTables(comparison, rounding="none"))
    return out


def write(out: Path, tables: ComparisonTables) -> None:
    """Workbook and CSV; charts have tests of their own."""
    write_comparison_workbook(out / "comparison.xlsx", tables)
    write_comparison_csv(out / "comparison.csv", tables)


@pytest.fixture(scope="module")
def book(out):
    return openpyxl.load_workbook(out / "comparison.xlsx")


def table(sheet):
    header, *rows = list(sheet.iter_rows(min_row=4, values_only=True))
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_every_sheet_is_there_full_and_without_formulas(book):
    assert book.sheetnames == SHEETS
    for sheet in book:
        for row in sheet.iter_rows(min_row=4):
            for cell in row:
                assert cell.value not in (None, "") and cell.data_type != "f", (sheet.title, cell.coordinate)


def test_every_table_says_that_soft_measures_are_not_proven_and_that_ranges_are_chance(book):
    for sheet in book:
        assert SOFT in sheet["A2"].value and "=Netzwerk" in sheet["A2"].value
        assert "nur Zufallsstreuung" in sheet["A2"].value and "n = 4" in sheet["A2"].value
    scenarios = {row["Szenario"] for row in table(book["Differenzen Stadt"])}
    assert "=Netzwerk (Wirkung nicht belegt)" in scenarios


def test_without_a_soft_scenario_no_table_says_so(folder):
    with open_comparison([folder], against=["more"]) as comparison:
        assert not any(SOFT in note for note in ComparisonTables(comparison).notes())


def test_the_sheet_of_differences_shows_the_numbers_worked_out_by_hand(book):
    (row,) = [r for r in table(book["je Quartier"]) if r["Szenario"] == "more" and r["Quartier"] == "01"
              and r["Jahr"] == 2027 and r["Kennzahl"].startswith("betreute Kinder (auch auswärts), unter 3")]
    assert (row["Fortschreibung"], row["Szenario, Wert"], row["Abweichung"]) == (101.5, 105.5, 4)
    assert row["95-%-Intervall, von"] == pytest.approx(4 - HALF, abs=0.051)
    assert row["95-%-Intervall, bis"] == pytest.approx(4 + HALF, abs=0.051)
    assert row["gleiches Vorzeichen, % der Wiederholungen"] == 100 and row["Wertung"] == "besser"


def test_the_course_names_beginning_end_and_what_is_left_after_the_end(book):
    rows = {(r["Szenario"], r["Kennzahl"]): r for r in table(book["Zeitverlauf"])}
    name = "betreute Kinder (auch auswärts), unter 3 Jahren (geschätzt)"
    network = rows["=Netzwerk (Wirkung nicht belegt)", name]
    assert network["erstes Quartal der Maßnahme"] == "2025/2" and network["letztes Quartal der Maßnahme"] == "2026/1"
    assert network["Wirkung tritt ein"] == "2025-12-31" and network["Wirkung abgeklungen"] == "2027-03-31"
    assert network["Abweichung am Ende der Maßnahme"] == 2 and network["Abweichung am Ende des Laufs"] == 0
    more = rows["more", name]
    assert more["Wirkung abgeklungen"] == "hält bis zum Ende an" and more["Abweichung am Ende der Maßnahme"] == "x"


def test_money_is_costs_over_person_years_of_a_proven_gain_and_only_where_costs_are_given(book):
    rows = {r["Ziel"].removesuffix(" (geschätzt)"): r for r in table(book["Kosten"])}
    assert {r["Szenario"] for r in rows.values()} == {"more"}
    served = rows["betreute Kinder (auch auswärts), unter 3 Jahren"]
    assert served["Wirkung, Personenjahre"] == 4 * (STEPS - 6) / 4  # 11 quarters with 4 children more
    assert served["Euro je Personenjahr"] == 440 / 11
    assert rows["Kinder auf der Warteliste, unter 3 Jahren"]["Euro je Personenjahr"] == "x"


def test_differences_are_rounded_like_everything_else(folder):
    with open_comparison([folder]) as comparison:
        numbers = ComparisonTables(comparison).numbers(comparison.town("more").at(-1, QUANTITY[ATTENDING]), True)
    assert numbers[2:5] == (5, 5, 5)  # 4, 2.7 and 5.3 to multiples of five


def test_the_csv_has_a_row_per_scenario_area_date_and_number(out):
    raw = (out / "comparison.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf") and b"'=1+1" in raw
    with (out / "comparison.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert len(rows) == 3 * 5 * STEPS * len(QUANTITY)
    (row,) = [r for r in rows if (r["scenario"], r["quartier"], r["date"]) == ("more", "01", "2027-12-31")
              and r["indicator"] == "betreute Kinder (auch auswärts), unter 3 Jahren"]
    assert (row["difference"], row["low"], row["high"], row["same_sign"]) == ("4", "2,7", "5,3", "100")
    assert (row["excludes_zero"], row["effect_not_proven"]) == ("ja", "nein")
    assert {r["effect_not_proven"] for r in rows if r["scenario"] == "'=Netzwerk"} == {"ja"}


def test_the_same_comparison_gives_the_same_bits(folder, out, tmp_path):
    with open_comparison([folder]) as comparison:
        write(tmp_path, ComparisonTables(comparison, rounding="none"))
    for name in ("comparison.xlsx", "comparison.csv"):
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes(), name


def test_the_screen_shows_what_differs_and_names_the_conflict(folder):
    with open_comparison([folder], against=["more", "network"]) as comparison:
        summary = summarise_comparison(ComparisonTables(comparison, rounding="none"))
    more, network = summary.scenarios
    row = next(r for r in more.rows if r.label.startswith("Betreut unter 3"))
    assert (row.difference, row.same_sign, row.meaning, row.appears) == ("+4", "100 %", "besser", "2025/2")
    assert any(s.startswith("Zielkonflikt: besser Betreut unter 3") for s in more.sentences)
    assert network.rows == () and network.title.startswith("=Netzwerk (Wirkung nicht belegt)")
    assert any(SOFT in note for note in summary.notes)


def test_an_effect_that_fades_again_stands_in_brackets(folder):
    with open_comparison([folder], against=["network"]) as comparison:
        (network,) = summarise_comparison(ComparisonTables(comparison, 2026)).scenarios
    assert [row.appears for row in network.rows] == ["(2025/4)"]


def test_few_quartiere_that_differ_by_chance_are_no_finding():
    # 13 Quartiere, each beyond zero on one side with 2.5 %: at most one in 96 % of cases, at most none in 72 %
    assert by_chance(13) == 1
    assert by_chance(1) == 0


def test_a_comparison_can_be_english(folder):
    with open_comparison([folder], against=["more"]) as comparison:
        summary = summarise_comparison(ComparisonTables(comparison, language="en"))
    assert summary.scenarios[0].title == "more against Fortschreibung, 31 December 2027"
    assert {row.meaning for row in summary.scenarios[0].rows} == {"better", "worse"}


def test_signs_are_written_with_a_true_minus():
    assert [signed(v) for v in (0.0, 0.3, -5.0, 1234.0, float("nan"))] == ["0", "0", "−5", "+1\u202f234", "x"]


def test_an_unknown_year_is_refused(comparison):
    with pytest.raises(ValueError, match="2023 to 2027"):
        ComparisonTables(comparison, 2050)
