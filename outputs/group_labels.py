"""Labels of events, settings of care, types of households, kin and barrier-free dwellings, in English and German."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Label:
    """One coordinate of a dimension."""

    id: str | int | float
    en: str
    de: str

    def text(self, language: str) -> str:
        """The long name in ``de`` or ``en``."""
        return self.de if language == "de" else self.en


EVENT_LABELS: Final = (
    Label("births", "births", "Geburten"),
    Label("deaths", "deaths", "Sterbefälle"),
    Label("unions", "unions formed", "neue Partnerschaften"),
    Label("marriages", "marriages", "Eheschließungen"),
    Label("separations", "separations", "Trennungen"),
    Label("leaving_home", "young people leaving home", "Auszüge aus dem Elternhaus"),
    Label("returning_home", "young people returning home", "Rückkehr ins Elternhaus"),
    Label("in_migration_germany", "arrivals from Germany", "Zuzüge aus Deutschland"),
    Label("in_migration_abroad", "arrivals from abroad", "Zuzüge aus dem Ausland"),
    Label("out_migration_germany", "departures to Germany", "Fortzüge nach Deutschland"),
    Label("out_migration_abroad", "departures abroad", "Fortzüge ins Ausland"),
    Label("moves_in", "moves into the Quartier from within the town", "Zuzüge aus anderen Quartieren"),
    Label("moves_out", "moves out of the Quartier within the town", "Fortzüge in andere Quartiere"),
    Label("orphans", "children placed after the loss of their parents", "Kinder nach Verlust der Eltern untergebracht"),
    Label("unserved_seekers", "seekers who found no dwelling", "erfolglose Wohnungssuchen"),
    Label("unserved_arrived", "of these newcomers to the town", "davon Zugezogene"),
    Label("unserved_new_household", "of these people who want to found a household", "davon Haushaltsgründungen"),
    Label("unserved_separated", "of these people after a separation", "davon nach Trennung"),
    Label("unserved_space", "of these households with too few rooms", "davon mit zu wenigen Räumen"),
    Label("unserved_barrier", "of these households that need a barrier-free dwelling", "davon mit Bedarf an Barrierefreiheit"),
    Label("unserved_other", "of these households for other reasons", "davon aus anderen Gründen"),
    Label("care_onset", "people who come to need care", "neue Pflegebedürftige"),
    Label("entries_into_residential_care", "entries into nursing homes", "Heimeintritte"),
    Label("entries_in_own_quartier", "of these into a home in the own Quartier", "davon in ein Heim im eigenen Quartier"),
    Label("entries_into_shared_flats", "entries into shared flats with care", "Einzüge in ambulant betreute Wohngemeinschaften"),
    Label("left_for_home_outside", "departures to a nursing home outside the town", "Fortzüge in ein Heim auswärts"),
    Label("admitted_from_outside", "admissions to nursing homes from outside the town", "Heimaufnahmen von auswärts"),
    Label("in_migration_surroundings", "of the arrivals from Germany: from up to 30 km", "darunter Zuzüge aus dem Umland (bis 30 km)"),
    Label("out_migration_surroundings", "of the departures to Germany: up to 30 km", "darunter Fortzüge ins Umland (bis 30 km)"),
    Label("children_in_shared_residence", "children to live with both separated parents in turn", "Kinder im Wechselmodell"),
)
"""In the order of `quartier.model.model.EVENTS`; a test holds the two together."""

SETTING_LABELS: Final = (
    Label("none", "no care arranged", "ohne Versorgung"),
    Label("family_care", "care by the family (care allowance)", "Pflege durch Angehörige (Pflegegeld)"),
    Label("home_care", "home care service", "ambulanter Dienst"),
    Label("shared_care_flat", "shared care flat", "ambulant betreute Wohngemeinschaft"),
    Label("residential_care", "nursing home", "vollstationäre Pflege"),
    Label("outside_town", "cared for outside the town", "Versorgung auswärts"),
)

HOUSEHOLD_TYPES: Final = (
    Label("alone_under_65", "living alone, under 65", "allein lebend, unter 65 Jahren"),
    Label("alone_65_plus", "living alone, 65 and over", "allein lebend, 65 Jahre und älter"),
    Label("couple_without_children", "couple without children in the household", "Paar ohne Kinder im Haushalt"),
    Label(
        "couple_with_children",
        "couple with children of any age in the household",
        "Paar mit Kindern (jeden Alters) im Haushalt",
    ),
    Label("lone_parent", "lone parent with children of any age", "Alleinerziehende mit Kindern (jeden Alters)"),
    Label("other", "other private households", "sonstige Privathaushalte"),
    Label("institution", "institutions", "Einrichtungen"),
)

KIN_LABELS: Final = (
    Label("persons", "people aged 65 and over", "Menschen ab 65 Jahren"),
    Label("partner", "with a partner", "mit Partner oder Partnerin"),
    Label("partner_household", "living with their partner", "mit Partner oder Partnerin im Haushalt"),
    Label("child_household", "nearest child in the household", "nächstes Kind im Haushalt"),
    Label("child_quartier", "nearest child in the same Quartier", "nächstes Kind im selben Quartier"),
    Label("child_town", "nearest child elsewhere in town", "nächstes Kind anderswo in der Stadt"),
    Label("child_25_km", "nearest child outside the town, up to 25 km", "nächstes Kind außerhalb der Stadt, bis 25 km"),
    Label("child_100_km", "nearest child 25 to 100 km away", "nächstes Kind 25 bis 100 km entfernt"),
    Label("child_farther", "nearest child more than 100 km away", "nächstes Kind weiter als 100 km entfernt"),
    Label("no_child", "no living child", "kein lebendes Kind"),
    Label("kin_quartier", "kin in the same Quartier", "Angehörige im selben Quartier"),
    Label("kin_town", "kin in town", "Angehörige in der Stadt"),
    Label("children_town", "their living children in town", "ihre lebenden Kinder in der Stadt"),
    Label("children_25_km", "their living children up to 25 km away", "ihre lebenden Kinder bis 25 km entfernt"),
    Label("children_100_km", "their living children 25 to 100 km away", "ihre lebenden Kinder 25 bis 100 km entfernt"),
    Label("children_farther", "their living children farther away", "ihre lebenden Kinder weiter entfernt"),
    Label("relatives_quartier", "their relatives in the same Quartier", "ihre nahen Angehörigen im selben Quartier"),
    Label("relatives_town", "their relatives in town", "ihre nahen Angehörigen in der Stadt"),
)
"""In the order of `quartier.model.kin.MEASURES`; a test holds the two together."""

BARRIER_LABELS: Final = (
    Label("dwellings", "barrier-free dwellings", "barrierefreie Wohnungen"),
    Label(
        "households_in_need",
        "households in dwellings with somebody of care grade 2 or higher",
        "Haushalte (in Wohnungen) mit Pflegebedürftigen ab Pflegegrad 2",
    ),
    Label("households_matched", "of these in a barrier-free dwelling", "davon in einer barrierefreien Wohnung"),
)
"""In the order of `quartier.model.housing_counts.barrier_counts`."""
