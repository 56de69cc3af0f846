"""The levers: one file each, with what the model does when a scenario pulls it; `docs/levers.md` has a page for each.

Four are general and have sections of their own in a scenario file: `[[rate]]`, `[[places]]`, `[[dwellings]]` and
`[[parameter]]`. The others are written `[[lever]]` with a name.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Discriminator, Tag

from ..parts import MARK
from .barrier_free_conversion import BarrierFreeConversion
from .care_onset import CareOnset
from .care_rate import CareRate
from .care_training import CareTraining
from .childcare_conversion import ChildcareConversion
from .childcare_expansion import ChildcareExpansion
from .childcare_staff_shortage import ChildcareStaffShortage
from .childcare_wish import ChildcareWish
from .dwellings_change import DwellingsChange
from .facility_closing import FacilityClosing
from .fertility import Fertility
from .kita_access_help import KitaAccessHelp
from .longevity import Longevity
from .migration import Migration
from .mortality import Mortality
from .new_build_area import NewBuildArea
from .outpatient_first import OutpatientFirst
from .parameter_change import ParameterChange
from .places_change import PlacesChange
from .rate_change import RateChange

NAMED: Final = {
    "barrier_free_conversion": BarrierFreeConversion,
    "care_onset": CareOnset,
    "care_rate": CareRate,
    "care_training": CareTraining,
    "childcare_conversion": ChildcareConversion,
    "childcare_expansion": ChildcareExpansion,
    "childcare_staff_shortage": ChildcareStaffShortage,
    "childcare_wish": ChildcareWish,
    "facility_closing": FacilityClosing,
    "fertility": Fertility,
    "kita_access_help": KitaAccessHelp,
    "longevity": Longevity,
    "migration": Migration,
    "mortality": Mortality,
    "new_build_area": NewBuildArea,
    "outpatient_first": OutpatientFirst,
}
"""Levers that are written `[[lever]]`, by name."""
GENERAL: Final = {
    "rate": RateChange,
    "places": PlacesChange,
    "dwellings": DwellingsChange,
    "parameter": ParameterChange,
}
"""Levers with a section of their own, by the section."""


def _name(value: Any) -> str:
    name = value.get("name") if isinstance(value, dict) else getattr(value, "name", None)
    return f"{MARK}{name}"


NamedLever = Annotated[
    Annotated[BarrierFreeConversion, Tag("=barrier_free_conversion")]
    | Annotated[CareOnset, Tag("=care_onset")]
    | Annotated[CareRate, Tag("=care_rate")]
    | Annotated[CareTraining, Tag("=care_training")]
    | Annotated[ChildcareConversion, Tag("=childcare_conversion")]
    | Annotated[ChildcareExpansion, Tag("=childcare_expansion")]
    | Annotated[ChildcareStaffShortage, Tag("=childcare_staff_shortage")]
    | Annotated[ChildcareWish, Tag("=childcare_wish")]
    | Annotated[FacilityClosing, Tag("=facility_closing")]
    | Annotated[Fertility, Tag("=fertility")]
    | Annotated[KitaAccessHelp, Tag("=kita_access_help")]
    | Annotated[Longevity, Tag("=longevity")]
    | Annotated[Migration, Tag("=migration")]
    | Annotated[Mortality, Tag("=mortality")]
    | Annotated[NewBuildArea, Tag("=new_build_area")]
    | Annotated[OutpatientFirst, Tag("=outpatient_first")],
    Discriminator(_name),
]
"""A `[[lever]]` of the file: its name says which keys it has."""
