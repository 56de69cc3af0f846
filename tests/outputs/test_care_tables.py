"""Services of care and carers on their way from the side table to the sheets."""

from __future__ import annotations

import numpy as np
import pytest
import toy
from crowd import book
from quartier.model.measures import CARE_KINDS
from quartier.model.processes.care_giving import GIVE_CARE
from quartier.model.processes.care_origin import KILOMETRES
from quartier.model.processes.care_setting import ARRANGE_CARE
from quartier.outputs import recorder as recording
from quartier.outputs.care_tables import care_givers, care_services, care_staff, first_year_short, median_distance
from quartier.outputs.recorder import record
from quartier.outputs.schema import AGE_BIN_STARTS, DIMENSION

PEOPLE = [
    {"age": 80, "sex": 1, "household": 0, "care": 3, "partner": 1, "union_state": 2},
    {"age": 79, "sex": 0, "household": 0, "partner": 0, "union_state": 2},
    {"age": 85, "sex": 1, "household": 1, "care": 2, "quartier": 1},
    *({"age": 88 + i, "sex": 1, "household": 2, "role": 2, "quartier": 1, "care": 3 + i} for i in range(3)),
]


def without_the_rest(monkeypatch, quartiere: int) -> None:
    """Leave childcare and housing out of the recorder: the town has neither."""
    nothing, two = np.zeros((quartiere, 2), int), np.zeros(quartiere, int)
    names = ("children", "need", "attending", "attending_outside", "waiting", "places", "operable")
    monkeypatch.setattr(recording, "childcare", lambda _: dict.fromkeys(names, nothing))
    names_of_housing = ("households", "dwellings", "vacant", "waiting", "needed")
    monkeypatch.setattr(recording, "housing_counts", lambda *_: dict.fromkeys(names_of_housing, two))


@pytest.fixture
def tables(monkeypatch):
    without_the_rest(monkeypatch, 2)
    given = {"care_kin_partner": 60.0, "care_home_state_shift": -60.0, "care_service_state_shift": 60.0}
    given["care_carer_full_time_men"] = 0.0
    model = toy.town(PEOPLE, (ARRANGE_CARE, GIVE_CARE), rates=book(given), quartiere=2)
    recorder = record(model, toy.START + 1)
    model.run(toy.START + 1)
    return model, recorder.tables()


def test_services_hours_and_carers_reach_the_tables(tables):
    model, seen = tables
    services = dict(zip(DIMENSION["service"].ids, seen["services"][1].swapaxes(0, 1), strict=True))
    assert services["nursing_home"].tolist() == [[0] * 6, [3, 3, 0, 0, 4, 4]]  # 3 / 0.887 = 3.4 places
    assert services["ambulatory"][:, :4].tolist() == [[1, 1, 0, 0], [1, 1, 0, 0]]
    assert seen["services"][:, :, [DIMENSION["service"].ids.index(k) for k in CARE_KINDS]].any()
    hours = seen["care_hours"][1]
    assert hours[:, 0].tolist() == np.rint(model.side["care_result"]["hours"][0]).tolist()
    assert np.abs(hours[:, 0] - hours[:, 1:].sum(axis=1)).max() <= 2  # four rounded numbers
    assert seen["carers"][1].sum() == 1 and seen["carers"][1, 0, 0, 5].sum() == 1
    load = dict(zip(DIMENSION["care_load"].ids, seen["care_strain"][1].T.tolist(), strict=True))
    assert load["main_carers"] == [1, 0] and load["double_burden"] == [0, 0]
    assert sum(load[name][0] for name in load if "hours" in str(name)) == 1
    assert load["insufficient"][1] == 1 and load["reduced_work"] == load["gave_up_work"] == [0, 0]
    help_ = dict(zip(DIMENSION["help"].ids, seen["care_help"][1].T.tolist(), strict=True))
    assert help_["partner"] == [1, 0] and [help_[name] for name in ("parent", "childs_partner")] == [[0, 0]] * 2
    assert sum(help_[name][0] for name in ("nobody", "one", "two", "three")) == 1
    assert help_["other"] == [help_["two"][0], help_["one"][1]] and help_["nobody"][1] == 1 - help_["one"][1]
    assert seen["care_ended"].sum() == 0


def test_the_end_of_care_is_counted_in_the_quarter_in_which_it_shows(monkeypatch):
    without_the_rest(monkeypatch, 1)
    given = {
        "care_kin_partner": 60.0,
        "care_home_state_shift": -60.0,
        "care_gives_up": 0.0,
        "care_gives_up_strained": 0.0,
    }
    model = toy.town(PEOPLE[:2], (ARRANGE_CARE, GIVE_CARE), rates=book(given))
    recorder = record(model, toy.START + 2)
    model.step()
    model.people.care[1] = 2
    model.step()
    ended = recorder.tables()["care_ended"]
    assert ended.sum() == ended[2, 0, DIMENSION["care_end"].ids.index("carer_in_need")] == 1


def test_the_sheets_show_ratios_of_the_numbers_beside_them(written):
    with written.tables() as planner:
        check_sheets(planner)


def check_sheets(planner):
    services, carers = (next(s for s in planner.all() if s.name == name) for name in ("Pflegeangebote", "Pflegende"))
    by_header = {c.header: c for c in services.columns}
    population = planner.means("population", lambda v: v.sum(axis=(2, 3))[..., None])[..., 0]
    whole = planner.areas_of(population.sum(axis=2), population)
    places = planner.means("services", lambda v: v[:, :, DIMENSION["service"].ids.index("nursing_home"), 4:5])
    places = places[:, planner.year_ends][..., 0]
    places = planner.areas_of(places.sum(axis=2), places)
    assert by_header["Heimplätze je 10.000 Einwohner"].values == pytest.approx(10_000 * places / whole)
    assert by_header["Pflegeheime (Bewohner): Plätze"].values == pytest.approx(np.rint(places))
    assert all(c.estimated for c in services.columns[4:])
    headers = [c.header for c in carers.columns]
    assert "Kernstunden je Woche: ungedeckt" in headers and "Pflegende: weiblich" in headers
    assert len({len(c.values) for c in services.columns + carers.columns}) == 1
    helpers = next(s for s in planner.all() if s.name == "Hilfe zu Hause")
    shown = {c.header: c.values for c in helpers.columns}
    assert (
        sum(np.nansum(shown[f"zu Hause Lebende mit {text}"]) for text in ("einer Hilfsperson", "zwei Hilfspersonen"))
        > 0
    )
    ended = shown["Pflege beendet: Pflegebedürftige gestorben oder fortgezogen"]
    assert np.isnan(ended).any() and np.nansum(ended) > 0  # the year of the start has no flows


def test_staff_needed_follows_from_residents_and_clients(tables):
    _, seen = tables
    staff = dict(zip(DIMENSION["staff"].ids, seen["care_staff"][0].tolist(), strict=True))
    assert staff["home_fte_needed"] == round(3 / 0.887 * 0.606) and staff["ambulatory_fte_needed"] == round(2 * 0.283)
    assert staff["home_heads_needed"] == staff["home_heads_trend"] == staff["home_heads_status_quo"] == 3


def test_the_first_year_short_of_staff():
    needed = np.array([[100.0, 110, 120], [100, 100, 100]])
    assert first_year_short(needed, np.array([[100.0, 105, 110], [99, 99, 96]])).tolist() == [2, -1]


def test_the_sheet_on_staff_shows_what_is_lacking(written):
    with written.tables() as planner:
        columns = {c.header: c.values for c in care_staff(planner).columns}
    needed, there = columns["Heime: nötige Personen"], columns["Heime: vorhandene Personen, Trend"]
    lacking = columns["Pflegeheime: fehlende Personen, Trend"]
    assert lacking == pytest.approx(np.maximum(needed - there, 0), abs=10)  # three numbers rounded to five
    assert len(needed) == len(planner.titles) * len(planner.years)


def test_the_sheets_of_care_show_the_numbers_of_the_replicates(written):
    """The whole town at the end of 2024, the fifth date, in the first scenario: means of three replicates, worked out anew."""
    with written.tables(rounding="none") as t:
        services, carers, staff = (
            {c.header: c.values[1] for c in sheet(t).columns} for sheet in (care_services, care_givers, care_staff)
        )
        later = {c.header: c.values[2] for c in care_services(t).columns}
        seen = {name: t.results[name].values[0] for name in ("population", "services", "places_needed", "care_places")}
        seen |= {name: t.results[name].values[0] for name in ("carers", "events", "care_staff")}
        lost = next(header for header in staff if header.endswith(t._("places that cannot be filled")))
    homes = seen["services"][:, 4, :, DIMENSION["service"].ids.index("nursing_home")].sum(axis=1).mean(axis=0)
    _, served, _, _, places, operable = homes
    people = seen["population"][:, 1].sum(axis=(1, 2)).mean(axis=0)
    ages = np.array(AGE_BIN_STARTS)
    assert services["Pflegeheime (Bewohner): versorgt"] == pytest.approx(served, abs=0.051)
    assert services["Heimbewohner je 100 Einwohner ab 80 Jahren"] == pytest.approx(
        100 * served / people[ages >= 80].sum()
    )
    for age in (65, 85):
        ratio = services[f"Heimplätze je 1.000 Einwohner ab {age} Jahren"]
        assert ratio == pytest.approx(1000 * places / people[ages >= age].sum())
    for k, share in enumerate((5, 10, 20)):  # enough in 80 % of the replicates: of three, in all
        assert services[f"nötige Heimplätze: höchstens {share} % warten"] == seen["places_needed"][:, 1, k].max()
    known, there = seen["care_places"][:, 2].sum(axis=1).mean(axis=0)[:2]  # a year later: somebody has moved away by then
    still_there = "% der Menschen ab Pflegegrad 2, die noch im Stadtteil des Pflegebeginns leben"
    assert later[still_there] == pytest.approx(100 * there / known) and there < known
    entries = seen["events"][:, 1:5, :, DIMENSION["event"].ids.index("entries_into_residential_care")]
    assert services["Heimeintritte"] == pytest.approx(entries.sum() / 3, abs=0.051)
    men, women = seen["carers"][:, 4].sum(axis=(1, 3, 4)).mean(axis=0)
    assert [carers[f"Pflegende: {sex}"] for sex in ("männlich", "weiblich")] == pytest.approx([men, women], abs=0.051)
    assert staff[lost] == pytest.approx(places - operable, abs=0.051)
    now = dict(zip(DIMENSION["staff"].ids, seen["care_staff"].mean(axis=0).T, strict=True))
    needed, trend = now["home_heads_needed"][1], now["home_heads_trend"][1]
    assert staff["Pflegeheime: fehlende Personen, Trend"] == pytest.approx(max(needed - trend, 0), abs=0.051)
    assert min(abs(men - women), abs(places - operable), abs(needed - trend)) > 0.1  # so none could stand for the other


def test_the_median_distance_lies_where_half_of_the_entries_are_nearer():
    entered = np.zeros((4, len(KILOMETRES)), int)
    entered[0, 2] = 10  # all between 1 and 1.5 km
    entered[1, [0, 3]] = 1, 3
    entered[2, -1] = 2
    found = median_distance(entered)
    assert found[:3].round(2).tolist() == [1.25, 1.67, 22.5] and np.isnan(found[3])


def test_ageing_in_place_reaches_the_tables(tables):
    """At the start two live at home where their need began; of three residents it is not known."""
    _, seen = tables
    assert seen["care_places"][0, :, :2].tolist() == [[1, 1], [1, 1]] and not seen["care_places"][0, :, 2:].any()
