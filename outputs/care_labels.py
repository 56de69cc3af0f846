"""Labels of the results on services of care, those who give care, and staff: plain texts (id, English, German)."""

from __future__ import annotations

from typing import Final

import numpy as np

from ..model.processes.care_origin import KILOMETRES


def _distances() -> tuple[tuple[str, str, str], ...]:
    ends = [f"{km:g}" for km in (*KILOMETRES[1:], np.inf)]
    german = [end.replace(".", ",") for end in ends]
    return tuple(
        (f"entered_{k}", f"entries into homes, up to {en} km away", f"Einzüge in Heime, bis {de} km entfernt")
        if k < len(KILOMETRES) - 1
        else (f"entered_{k}", f"entries into homes, from {KILOMETRES[-1]:g} km", f"Einzüge in Heime, ab {KILOMETRES[-1]:g} km")
        for k, (en, de) in enumerate(zip(ends, german, strict=True))
    )


CARE_PLACES: Final = (
    (
        "origin_known",
        "people with Pflegegrad 2 and over whose Quartier at the beginning of need is known",
        "Menschen ab Pflegegrad 2 mit bekanntem Stadtteil bei Pflegebeginn",
    ),
    ("in_own_quartier", "of these living in that Quartier", "davon noch in diesem Stadtteil"),
    *_distances(),
)
"""Ageing in place, and the distance to the home found; both by the Quartier at the beginning of need or before the move."""
CARE_SERVICES: Final = (
    ("nursing_home", "nursing homes (residents)", "Pflegeheime (Bewohner)"),
    ("ambulatory", "home care services (clients)", "ambulante Dienste (Kunden)"),
    ("day_care", "day care (guests; places per day)", "Tagespflege (Gäste; Plätze je Tag)"),
    ("short_term", "short-term care (stays in the quarter)", "Kurzzeitpflege (Aufenthalte im Quartal)"),
    ("shared_flat", "shared flats with care (residents)", "ambulant betreute Wohngemeinschaften (Bewohner)"),
    ("serviced_housing", "serviced housing (people in need)", "Betreutes Wohnen (Pflegebedürftige)"),
    ("advice_hub", "care advice (people newly in need)", "Pflegeberatung (neu Pflegebedürftige)"),
)
GIVERS: Final = (
    ("need", "needed", "Bedarf"),
    ("kin", "relatives and neighbours", "Angehörige und Nachbarn"),
    ("service", "home care services", "ambulante Dienste"),
    ("day_care", "day care", "Tagespflege"),
    ("volunteers", "volunteers of a network", "Freiwillige eines Besuchsdienstes"),
    ("unmet", "unmet", "ungedeckt"),
)
STAFF: Final = (
    ("home_fte_needed", "nursing homes: full-time equivalents needed", "Heime: nötige Vollzeitstellen"),
    (
        "home_fte_ceiling",
        "nursing homes: of these care staff, ceiling of § 113c SGB XI",
        "Heime: davon Pflegekräfte, Obergrenze nach § 113c SGB XI",
    ),
    (
        "home_fte_qualified",
        "nursing homes: of these qualified, ceiling of § 113c SGB XI",
        "Heime: davon Fachkräfte, Obergrenze nach § 113c SGB XI",
    ),
    ("home_heads_needed", "nursing homes: people needed", "Heime: nötige Personen"),
    ("home_heads_trend", "nursing homes: people there are, trend", "Heime: vorhandene Personen, Trend"),
    ("home_heads_status_quo", "nursing homes: people there are, status quo", "Heime: vorhandene Personen, Status quo"),
    (
        "ambulatory_fte_needed",
        "home care services: full-time equivalents needed",
        "ambulante Dienste: nötige Vollzeitstellen",
    ),
    ("ambulatory_heads_needed", "home care services: people needed", "ambulante Dienste: nötige Personen"),
    (
        "ambulatory_heads_trend",
        "home care services: people there are, trend",
        "ambulante Dienste: vorhandene Personen, Trend",
    ),
    (
        "ambulatory_heads_status_quo",
        "home care services: people there are, status quo",
        "ambulante Dienste: vorhandene Personen, Status quo",
    ),
)
EMPLOYMENT: Final = (
    ("not_employed", "not employed", "nicht erwerbstätig"),
    ("part_time", "part-time", "Teilzeit"),
    ("full_time", "full-time", "Vollzeit"),
)
CARE_LOAD: Final = (
    ("main_carers", "main carers", "Hauptpflegepersonen"),
    ("strained", "main carers under high strain", "hoch belastete Hauptpflegepersonen"),
    ("double_burden", "main carers with a child under 14", "Hauptpflegepersonen mit Kind unter 14"),
    ("under_10_hours", "carers under 10 hours a week", "Pflegende unter 10 Stunden je Woche"),
    ("10_to_20_hours", "carers 10 to 20 hours a week", "Pflegende 10 bis unter 20 Stunden je Woche"),
    ("20_to_40_hours", "carers 20 to 40 hours a week", "Pflegende 20 bis unter 40 Stunden je Woche"),
    ("40_hours", "carers 40 hours a week and more", "Pflegende ab 40 Stunden je Woche"),
    (
        "insufficient",
        "people at home with a quarter of their need unmet or more",
        "zu Hause Lebende, deren Bedarf zu einem Viertel oder mehr ungedeckt ist",
    ),
    ("reduced_work", "carers who reduced work", "Pflegende, die ihre Arbeit eingeschränkt haben"),
    ("gave_up_work", "carers who gave up work", "Pflegende, die ihre Arbeit aufgegeben haben"),
)
HELP: Final = (
    ("partner", "partners who give care", "pflegende Partner und Partnerinnen"),
    ("parent", "parents who give care", "pflegende Eltern"),
    ("child_in_household", "children in the household who give care", "pflegende Kinder im Haushalt"),
    ("child_in_reach", "children within reach who give care", "pflegende Kinder in der Nähe"),
    ("child_in_town", "children elsewhere in town who give care", "pflegende Kinder anderswo in der Stadt"),
    ("childs_partner", "partners of children who give care", "pflegende Schwiegerkinder"),
    ("son_outside", "sons outside the town who help", "auswärtige Söhne, die helfen"),
    ("daughter_outside", "daughters outside the town who help", "auswärtige Töchter, die helfen"),
    ("other", "other kin and neighbours who help", "andere Verwandte und Nachbarn, die helfen"),
    ("nobody", "people at home whom nobody helps", "zu Hause Lebende ohne private Hilfe"),
    ("one", "people at home with one helper", "zu Hause Lebende mit einer Hilfsperson"),
    ("two", "people at home with two helpers", "zu Hause Lebende mit zwei Hilfspersonen"),
    ("three", "people at home with three helpers and more", "zu Hause Lebende mit drei und mehr Hilfspersonen"),
)
CARE_ENDS: Final = (
    ("person_died_or_left", "the person in need died or left the town", "Pflegebedürftige gestorben oder fortgezogen"),
    ("person_in_home", "the person in need moved into a home", "Pflegebedürftige ins Heim gezogen"),
    ("person_recovered", "the person is no longer in need", "kein Pflegebedarf mehr"),
    ("carer_died_or_left", "the carer died or left the town", "Pflegeperson gestorben oder fortgezogen"),
    ("carer_in_need", "the carer needs care", "Pflegeperson selbst pflegebedürftig"),
    ("gave_up", "the carer gave up", "Pflegeperson hat aufgegeben"),
    ("moved", "the carer is too old or lives elsewhere", "Pflegeperson zu alt oder woanders wohnhaft"),
)
