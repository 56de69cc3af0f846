"""The documents on scenarios say what the code does: the read-aloud example runs, and every lever has its page."""

from __future__ import annotations

import re

from house import ROOT
from quartier.model.rates import read_rate_book
from quartier.model.region.read import find_region, load_region
from quartier.model.timeline import step_of
from quartier.scenarios.files import library
from quartier.scenarios.levers import GENERAL, NAMED
from quartier.scenarios.resolve import ranges, resolve


def test_every_lever_has_a_page_of_its_own_and_every_page_a_lever():
    pages = (ROOT / "docs" / "levers.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^## `(\w+)`$", pages, re.MULTILINE)) == {*GENERAL, *NAMED}


def test_every_scenario_of_the_library_is_named_on_the_pages():
    pages = (ROOT / "docs" / "levers.md").read_text(encoding="utf-8")
    families = ("fertility_", "migration_")
    assert [name for name in library() if f"`{name}`" not in pages and not name.startswith(families)] == []


def test_the_example_to_read_aloud_runs_on_flensburg(tmp_path):
    text = (ROOT / "docs" / "szenarien.md").read_text(encoding="utf-8")
    (tmp_path / "beispiel.toml").write_text(text.split("```toml\n")[1].split("```")[0], encoding="utf-8")
    region, _ = load_region(find_region("flensburg", "de"), "de")
    start = step_of(region.reference_date)
    tried = resolve(str(tmp_path / "beispiel.toml"), region, read_rate_book(region.state), start, start + 80)
    assert [u.name for u in ranges(tried)] == ["personal.percent"] and tried.evidence == ("A", "B")
    years = (step_of(region.reference_date) + 81 - 4 * 2025 - 2) / 4
    assert 60 * (35000 + 9000 * (years - 1)) < tried.costs["neue_kita"] < 60 * (35000 + 9000 * years)
