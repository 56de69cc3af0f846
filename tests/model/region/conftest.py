"""A small town as a folder with every table there is, and what `check_region` says about it."""

from __future__ import annotations

from pathlib import Path

import pytest

TABLES = {
    "region.toml": """\
name = "Kleinstadt"
ags = "01999999"
state = "01"
reference_date = 2022-12-31

[sources.population]
what = "Melderegister"
year = "2022"
publisher = "Kleinstadt"
licence = "CC0"
""",
    "quartiere.csv": "quartier_id;name;parent_id;lon;lat\n01;Altstadt;;9.43;54.79\n02;Hafen;;9.44;54.80\n",
    "population.csv": """\
quartier_id;date;sex;age_from;age_to;persons
01;2021-12-31;t;0;17;150
01;2021-12-31;t;18;;850
02;2021-12-31;t;0;17;90
02;2021-12-31;t;18;;410
01;2022-12-31;t;0;17;160
01;2022-12-31;t;18;;840
02;2022-12-31;t;0;17;100
02;2022-12-31;t;18;;400
""",
    "age_margins.csv": """\
quartier_id;date;sex;age_from;age_to;persons
01;2022-12-31;t;0;6;55
01;2022-12-31;t;60;;230
02;2022-12-31;m;0;;250
02;2022-12-31;f;0;;250
""",
    "pyramid.csv": "date;sex;age_from;age_to;persons\n2019-12-31;m;0;64;600\n2019-12-31;m;65;;130\n"
    "2019-12-31;f;0;64;580\n2019-12-31;f;65;;170\n",
    "households.csv": "quartier_id;date;household_type;households\n01;2022-12-31;one_person;300\n",
    "dwellings.csv": "quartier_id;date;rooms_from;rooms_to;dwellings\n01;2022-12-31;1;2;200\n01;2022-12-31;3;;400\n",
    "facilities.csv": """\
facility_id;kind;name;quartier_id;provider;opens;closes;staff;lon;lat
K1;childcare_centre;Kita am Markt;01;Stadt;;;;9.431;54.791
K2;childcare_centre;Kita am Hafen;02;AWO;2021-08-01;2030-07-31;;9.441;54.801
H1;nursing_home;Haus am Hafen;02;Diakonie;;;40;;
""",
    "places.csv": "facility_id;date;age_from;age_to;places\nK1;2022-12-31;0;2;20\nK1;2022-12-31;3;6;40\n"
    "K2;2022-12-31;1;6;30\nH1;2022-12-31;0;;60\n",
    "flows.csv": "date;event;from_id;to_id;persons\n2022-12-31;birth;;01;11\n2022-12-31;death;01;;9\n"
    "2022-12-31;move;01;02;7\n",
    "indicators.csv": "quartier_id;date;indicator;unit;value\n01;2022-12-31;sgb2_share;per cent;12.5\n",
}  # fmt: skip
"""A town without a fault and without a warning."""


class Town:
    """The folder, and what can be done to its files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in TABLES.items():
            (folder / name).write_text(text, encoding="utf-8")

    def replace(self, file: str, old: str, new: str) -> None:
        """Change one place of a file."""
        text = (self.folder / file).read_text(encoding="utf-8")
        assert text.count(old) >= 1
        (self.folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    def append(self, file: str, *lines: str) -> None:
        """Add lines at the end of a file."""
        with (self.folder / file).open("a", encoding="utf-8") as out:
            out.writelines(line + "\n" for line in lines)

    def write(self, file: str, content: str | bytes) -> None:
        """Write a file anew."""
        data = content.encode("utf-8") if isinstance(content, str) else content
        (self.folder / file).write_bytes(data)

    def remove(self, *files: str) -> None:
        """Take files away."""
        for file in files:
            (self.folder / file).unlink()


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """A whole town in a folder."""
    folder = tmp_path / "kleinstadt"
    folder.mkdir()
    return Town(folder)
