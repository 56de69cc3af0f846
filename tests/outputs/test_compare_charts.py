"""Charts of comparisons and explorations: what they show, in pictures and in words."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from comparing import DIFFERENCES, STEPS, made_results
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from quartier.outputs import compare_charts as charts
from quartier.outputs.compare import open_comparison
from quartier.outputs.compare_tables import ComparisonTables
from quartier.outputs.sensitivity import Factor, Result, pawn, pawn_of_order, sensitivities, tornado

ATTENDING, WAITING = "childcare_attending_under_3", "childcare_waiting_under_3"
SVG = "{http://www.w3.org/2000/svg}"
PAIR = [f"{stem}.{kind}" for stem in ("difference_more", f"heatmap_more_{ATTENDING}", f"slope_more_{ATTENDING}")
        for kind in ("png", "svg")]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory):
    shifts = [(ATTENDING, 0, slice(5, 13), DIFFERENCES), (WAITING, 0, slice(5, 13), [-d for d in DIFFERENCES]),
              (ATTENDING, 2, slice(9, 12), (9, -9, 9, -9))]
    made = made_results(
        tmp_path_factory.mktemp("charts"), {"baseline": [], "more": shifts, "same": []},
        about={"more": {"evidence": ["C"]}}, changes={"more": [{"start": 8100, "end": 8108}]},
        titles={"baseline": "Geld$und$Gut", "more": "Mehr Plätze"},
    )
    with open_comparison([made]) as comparison:
        yield ComparisonTables(comparison, 2026, rounding="none")


@pytest.fixture(scope="module")
def folder(tables, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    charts.write_comparison_charts(folder, tables)
    return folder


def test_every_scenario_has_a_chart_of_differences_and_maps_only_where_something_is_proven(folder):
    assert {p.name for p in folder.iterdir()} == {*PAIR, "difference_same.png", "difference_same.svg"}


def test_what_mirrors_another_number_gets_no_map_of_its_own(tables):
    assert charts.clearest(tables, "more") == [ATTENDING]
    assert charts.clearest(tables, "same") == []


@pytest.mark.parametrize("name", PAIR)
def test_a_chart_fits_a_page_and_says_in_words_what_it_shows(folder, name):
    if name.endswith(".png"):
        with Image.open(folder / name) as image:
            image.verify()
            assert 10 < image.size[0] / image.info["dpi"][0] * 2.54 <= 16.05
            assert "Musterstadt" in image.info["Description"] and "Mehr Plätze" in image.info["Description"]
    else:
        title = ET.parse(folder / name).getroot().find(f"{SVG}title")
        assert title is not None and "Musterstadt" in (title.text or "")


@pytest.mark.parametrize("name", [name for name in PAIR if name.endswith("svg")])
def test_every_chart_of_a_soft_measure_says_that_nothing_is_proven_and_what_its_range_is(folder, name):
    text = (folder / name).read_text(encoding="utf-8")
    assert "nicht belegt" in text and "nur Zufallsstreuung" in text and "Geld$und$Gut" in text


def test_the_heat_map_holds_the_differences_and_marks_what_is_proven(tables):
    one = charts.heat_values(tables, "more", ATTENDING)
    assert one.mean.shape == (4, 5)  # Quartiere and the ends of 2023 to 2027
    expected = np.zeros((4, 5))
    expected[0, 2:4] = 4  # steps 5 to 12: the ends of 2025 and 2026
    assert np.array_equal(one.mean, expected)
    assert np.argwhere(one.proven).tolist() == [[0, 2], [0, 3]]
    with mpl.rc_context():
        figure, words = charts.heat_map(tables, "more", ATTENDING)
    drawn = [t.get_text() for t in figure.axes[0].texts]
    assert drawn == [*["0", "0", "+4•", "+4•", "0"], *["0"] * 15]
    assert "in 0 von 4 Quartieren" in words  # 2027, when the effect has gone


def test_the_difference_chart_draws_mean_band_dates_and_the_measure(tables):
    figure, words = charts.difference_chart(tables, "more")
    panel = figure.axes[0]
    lines = {line.get_linestyle() for line in panel.get_lines()}
    assert ":" in lines  # beginning and end of the measure
    dated = [line for line in panel.get_lines() if line.get_linestyle() == ":"]
    assert [round(float(np.asarray(line.get_xdata())[0]), 1) for line in dated] == [2025.0, 2027.0]
    markers = {line.get_marker() for line in panel.get_lines()} - {"None", None}
    assert markers == {"o", "^"}
    assert len(panel.collections) == 1  # one ribbon in one panel
    assert "tritt ein 2025-03-31" in words


def test_a_scenario_without_effect_says_so(tables):
    figure, words = charts.difference_chart(tables, "same")
    assert "Keine Zahl unterscheidet sich" in figure.axes[0].texts[0].get_text() and "Keine Zahl" in words


def test_the_slope_chart_tells_proven_from_unproven_without_colour(tables):
    figure, _ = charts.slope_chart(tables, "more", ATTENDING)
    styles = [line.get_linestyle() for line in figure.axes[0].get_lines() if line.get_marker() == "o"]
    assert sorted(map(str, styles)) == ["-", "--", "--", "--"]
    assert any("(+4•)" in text.get_text() for text in figure.axes[0].texts)


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=20), st.floats(0.1, 500))
@settings(max_examples=100, deadline=None)
def test_labels_keep_their_order_and_their_distance(values, gap):
    given_values = np.array(values)
    placed = charts.spread_out(given_values, gap)
    order = np.argsort(given_values, kind="stable")
    assert np.all(np.diff(placed[order]) >= gap * (1 - 1e-6) - 1e-6)
    assert placed.mean() == pytest.approx(given_values.mean(), abs=1e-6 * (1 + gap))


def test_labels_that_are_far_apart_stay_where_they_are():
    assert charts.spread_out(np.array([30.0, 0.0, 10.0]), 2.0).tolist() == [30.0, 0.0, 10.0]


# -- exploration -------------------------------------------------------------------------------------------------------

FACTORS = [Factor(name, 0, 0.5, 1, "share") for name in ("strong", "weak", "idle")]


@pytest.fixture(scope="module")
def ranks() -> np.ndarray:
    draw = np.random.default_rng(3)
    return np.stack([(draw.permutation(80) + 0.5) / 80 for _ in FACTORS], axis=1)


def test_factors_are_ranked_by_what_they_move_and_the_idle_one_is_not_told_from_chance(ranks):
    result = Result("y", "Ergebnis", 1000 + 100 * ranks[:, 0] - 60 * ranks[:, 1])
    found = {s.factor.name: s for s in sensitivities(FACTORS, ranks, result)}
    assert list(found)[:2] == ["strong", "weak"]
    assert found["strong"].clear and found["weak"].clear and not found["idle"].clear
    assert found["strong"].swing > 0 > found["weak"].swing


def test_the_thirds_are_means_over_samples_where_the_factor_is_small_and_large(ranks):
    (strong,) = (s for s in sensitivities(FACTORS, ranks, Result("y", "", ranks[:, 0])) if s.factor.name == "strong")
    assert strong.low_third == pytest.approx(13 / 80)  # 26 of 80 samples: (0.5 + … + 25.5) / 80 / 26
    assert strong.high_third == pytest.approx(1 - 13 / 80)


def test_the_level_of_chance_is_reckoned_with_the_index_of_the_library():
    draw = np.random.default_rng(2)
    for n in (40, 130):
        x = np.stack([draw.permutation(n) for _ in range(4)], axis=1)
        assert np.allclose(pawn_of_order(x), pawn(x / n, np.arange(n, dtype=float)))


def test_chance_alone_is_taken_for_an_effect_in_about_one_exploration_of_twenty():
    draw = np.random.default_rng(11)
    told = 0
    for _ in range(100):
        noise = draw.permutation(40) / 40
        columns = np.stack([draw.permutation(40) / 40 for _ in FACTORS], axis=1)
        told += any(s.clear for s in sensitivities(FACTORS, columns, Result("y", "", noise)))
    assert told <= 14  # 5 expected; 14 lies 4.1 standard errors above


def test_a_result_that_never_varies_is_moved_by_nothing(ranks):
    found = sensitivities(FACTORS, ranks, Result("y", "", np.full(80, 7.0)))
    assert {(s.importance, s.clear, s.swing) for s in found} == {(0.0, False, 0.0)}


def test_shapes_that_do_not_fit_are_refused(ranks):
    with pytest.raises(ValueError, match="3 factors"):
        sensitivities(FACTORS, ranks[:, :2], Result("y", "", ranks[:, 0]))


def test_the_tornado_is_sorted_and_pales_what_is_chance(ranks):
    result = Result("y", "Ergebnis", 1000 + 100 * ranks[:, 0])
    found = sensitivities(FACTORS, ranks, result)
    figure, words = tornado("Titel", [result], [found], ["Notiz"])
    bars = list(figure.axes[0].patches)
    assert len(bars) == 6 and bars[0].get_alpha() == 1.0 and bars[1].get_alpha() == 0.25
    assert bars[0].get_width() == pytest.approx(found[0].low_third - result.values.mean())
    assert words.startswith("Titel. Ergebnis: strong −")


def test_drawing_again_gives_the_same_bits(tables, folder, tmp_path):
    for path in charts.write_comparison_charts(tmp_path, tables):
        assert path.read_bytes() == (folder / path.name).read_bytes(), path.name


def test_the_step_count_of_the_made_results_is_what_the_dates_assume(tables):
    assert len(tables.comparison.dates) == STEPS
