"""Charts are valid, small enough for a report, say in words what they show, and repeat bit by bit."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image
from quartier.outputs import charts
from quartier.outputs.care_charts import carers_chart
from quartier.outputs.planner_tables import PlannerTables
from quartier.outputs.schema import DIMENSION
from quartier.outputs.services_chart import services_chart
from quartier.outputs.store import open_results

STEMS = (
    "pyramid_baseline", "pyramid_more_childcare", "childcare_baseline", "childcare_more_childcare", "fan", "carers_baseline",
    "carers_more_childcare", "care_services_baseline", "care_services_more_childcare",
)  # fmt: skip
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def tables(written):
    with open_results(written.folder / "results.zarr") as results:
        yield PlannerTables(results, written.region.estimated)


def test_every_chart_is_there_as_png_and_svg(written):
    names = {p.name for p in (written.folder / "charts").iterdir()}
    assert names == {f"{stem}.{kind}" for stem in STEMS for kind in ("png", "svg")}


@pytest.mark.parametrize("stem", STEMS)
def test_a_png_is_at_most_16_cm_wide_and_says_what_it_shows(written, stem):
    with Image.open(written.folder / "charts" / f"{stem}.png") as image:
        image.verify()
        width_cm = image.size[0] / image.info["dpi"][0] * 2.54
        assert 10 < width_cm <= 16.05
        assert "Musterstadt" in image.info["Description"]


@pytest.mark.parametrize("stem", STEMS)
def test_an_svg_is_valid_and_says_what_it_shows_in_its_title(written, stem):
    root = ET.parse(written.folder / "charts" / f"{stem}.svg").getroot()
    assert root.tag == f"{SVG}svg"
    title = root.find(f"{SVG}title")
    assert title is not None and "Musterstadt" in (title.text or "")


def svg_text(written, stem):
    return (written.folder / "charts" / f"{stem}.svg").read_text(encoding="utf-8")


def test_charts_speak_german_and_mark_estimates_and_random_spread(written):
    childcare, fan = svg_text(written, "childcare_baseline"), svg_text(written, "fan")
    assert "Bedarf (geschätzt)" in childcare and "Plätze" in childcare
    assert "=1+1" in childcare and "Jürgensby" in childcare
    assert "Zufallsstreuung" in fan and "Mehr Kita-Plätze" in fan
    assert "Privathaushalte (geschätzt)" in fan
    assert "Männer" in svg_text(written, "pyramid_baseline")


def test_need_and_places_differ_by_pattern_not_by_colour_alone(tables):
    figure, _ = charts.need_against_places(tables, "Musterstadt")
    need, places = figure.axes[0].containers
    assert {bar.get_hatch() for bar in need} == {"////"}
    assert {bar.get_hatch() for bar in places} == {None}


def test_the_bars_are_need_rounded_to_five_and_places_as_they_are(tables):
    figure, _ = charts.need_against_places(tables, "Musterstadt", year=0)
    need, places = figure.axes[0].containers
    means = tables.single.mean[0, 0]
    at = [i for i, indicator in enumerate(charts.INDICATORS) if indicator.id.endswith("_under_3")]
    ids = {charts.INDICATORS[i].id: i for i in at}
    assert [b.get_width() for b in need] == tables.rounded(means[:, ids["childcare_need_under_3"]]).tolist()
    assert [b.get_width() for b in places] == means[:, ids["childcare_places_under_3"]].tolist()


def test_estimated_places_are_not_set_against_estimated_need(written):
    with open_results(written.folder / "results.zarr") as results:
        figure, text = charts.need_against_places(
            PlannerTables(results, frozenset({"childcare_facilities"})), "Musterstadt"
        )
    assert len(figure.axes[0].containers) == 1
    assert "Plätze" not in text.split(":", 1)[1]


def test_the_chart_on_carers_stacks_all_hours_and_shows_all_carers(tables):
    figure, text = carers_chart(tables, "Musterstadt")
    upper, lower = figure.axes
    heights = [sum(bar.get_height() for bar in bars) for bars in upper.containers]
    hours = tables.means("care_hours", lambda v: v.sum(axis=1)[:, None])[0, tables.year_ends, 0].sum(axis=0)
    assert heights == pytest.approx(
        [x for giver, x in zip(DIMENSION["giver"].ids, hours, strict=True) if giver != "need" and x]
    )
    carers = tables.means("carers", lambda v: v.sum(axis=(1, 2, 3, 4))[:, None, None])[0, tables.year_ends, 0, 0]
    shown = [sum(bar.get_height() for bar in bars) for bars in lower.containers]
    assert (shown[0] + shown[2], shown[1] + shown[3]) == pytest.approx((carers[0], carers[-1]))
    assert text.startswith("Pflege zu Hause in Musterstadt") and "Angehörige und Nachbarn" in text


def test_the_chart_on_services_stacks_all_people_in_need_and_labels_no_more_years_than_fit(tables):
    figure, text = services_chart(tables, "Musterstadt")
    upper, lower = figure.axes
    in_need = tables.means("care", lambda v: v.sum(axis=(1, 2, 3, 4, 5))[:, None])[0, :, 0]
    heights = np.sum([[bar.get_height() for bar in bars] for bars in upper.containers], axis=0)
    assert heights == pytest.approx(in_need)
    assert len(lower.lines) == 6 and text.startswith("Pflegeangebote in Musterstadt")
    assert charts.year_ticks(list(range(2022, 2043))) == list(range(2022, 2043, 2))
    assert charts.year_ticks([2022, 2023]) == [2022, 2023]


def test_the_pyramid_shows_all_residents(tables):
    shown = charts._single_years(tables, 0, 0).sum()
    assert shown == pytest.approx(tables.town.mean[0, 0, 0])


def test_a_name_with_dollar_signs_is_no_mathematics(make_run, tmp_path):
    from quartier.outputs.store import assemble

    parts, labels, region, run = make_run(names=("Geld$und$Gut", "B"), replicates=1)
    with open_results(assemble(tmp_path, parts, labels, region, run)) as results:
        charts.write_charts(tmp_path / "charts", PlannerTables(results, region.estimated), "A$B$C")
    assert "Geld$und$Gut" in (tmp_path / "charts" / "childcare_baseline.svg").read_text(encoding="utf-8")


def test_drawing_again_gives_the_same_bits(written, tables, tmp_path):
    for path in charts.write_charts(tmp_path / "again", tables, "Musterstadt"):
        assert path.read_bytes() == (written.folder / "charts" / path.name).read_bytes(), path.name
