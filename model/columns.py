"""The state of the town: every column of people, households and dwellings, declared once.

The data dictionary in `docs/model-description.md` is generated from these declarations.
"""

from __future__ import annotations

from enum import IntEnum

from .tables import NONE, Column, Table


class Sex(IntEnum):
    """Sex in the registers."""

    MALE = 0
    FEMALE = 1


class Role(IntEnum):
    """Place in the household."""

    ADULT = 0
    CHILD = 1
    RESIDENT = 2
    OTHER = 3


class Union(IntEnum):
    """Union state."""

    NONE = 0
    COHABITING = 1
    MARRIED = 2


class Former(IntEnum):
    """How the last union ended."""

    NEVER = 0
    SEPARATED = 1
    WIDOWED = 2


class Plan(IntEnum):
    """What a person wants to do as soon as there is a dwelling."""

    NONE = 0
    LEAVE_HOME = 1
    SEPARATED = 2
    JOIN_PARTNER = 3


class Kind(IntEnum):
    """Kind of household; all but private ones have a facility and no dwelling."""

    PRIVATE = 0
    NURSING_HOME = 1
    DISABILITY_HOME = 2
    REFUGEE_ACCOMMODATION = 3
    OTHER_COMMUNAL = 4
    STUDENT_RESIDENCE = 5
    SHARED_CARE_FLAT = 6


class Reason(IntEnum):
    """Why a household looks for a dwelling."""

    NONE = 0
    ARRIVED = 1
    NEW_HOUSEHOLD = 2
    SEPARATION = 3
    SPACE = 4
    OTHER = 5
    BARRIER = 6


class Setting(IntEnum):
    """Where and how a person in need is cared for."""

    NONE = 0
    FAMILY_CARE = 1
    HOME_CARE = 2
    SHARED_CARE_FLAT = 3
    RESIDENTIAL_CARE = 4
    OUTSIDE_TOWN = 5


class Tenure(IntEnum):
    """Whose a dwelling is."""

    LET = 0
    OWNED = 1
    BOUND = 2


MOST_ROOMS = 7
"""Largest class of rooms: seven and more."""
BARRIER_FREE_BIT = 0b001
TENURE_SHIFT, TENURE_BITS = 1, 0b110
RENT_SHIFT, RENT_CLASSES = 3, 8
BUILT_SHIFT = 6
JUST_BUILT, SECOND_QUARTER = 3, 2
CARE_GRADE_BITS = 0b00111
DEMENTIA_BIT = 0b01000
FRAIL_BIT = 0b10000
DISABILITY_CARD_BIT = 0b00001

CHILDCARE_WISH_BIT = 0b00001
CHILDCARE_APPLIED_BIT = 0b00010
CHILDCARE_LOWER_BAND_BIT = 0b00100
"""Holds a place for under-threes, also after the third birthday as long as no other is free."""
OUTSIDE_PLACE = -2
"""Value of `place` for a child looked after outside the town."""

PERSON: dict[str, Column] = {
    "key": Column("u8", 0, "1", "whose luck; equal in every scenario", "synthesis, bear, in_migrate"),
    "id": Column("i4", NONE, "1", "who; never reused", "households"),
    "birth": Column("u2", 0, "quarter", "absolute quarter of birth; age is derived", "synthesis, bear, in_migrate"),
    "sex": Column("u1", 0, "Sex", "sex in the register", "synthesis, bear, in_migrate"),
    "present": Column("u1", 1, "0/1", "lives in the town", "households"),
    "household": Column("i4", NONE, "row of households", "whom the person lives with", "households"),
    "next_member": Column(
        "i4", NONE, "row of people", "another member of the same private household, -1 = the last", "households"
    ),
    "quartier": Column("u2", 0, "row of quartiere", "where the person lives", "households"),
    "role": Column("u1", 0, "Role", "place in the household; child = lives with a parent, at any age", "households"),
    "partner": Column("i4", NONE, "id", "partner, also when living apart", "households"),
    "mother": Column("i4", NONE, "id", "mother; -1 unknown or never lived in the town", "synthesis, bear, in_migrate"),
    "father": Column("i4", NONE, "id", "father; -1 unknown or never lived in the town", "synthesis, bear, in_migrate"),
    "union_state": Column("u1", 0, "Union", "whether in a union, and whether married", "partnership"),
    "union_since": Column("u2", 0, "quarter", "start of the present union, or end of the last", "partnership"),
    "married_since": Column("u2", 0, "quarter", "start of the present marriage", "partnership"),
    "leads": Column(
        "u1", 0, "0/1", "draws for the couple: the woman in a couple of two sexes, else the smaller key", "partnership"
    ),
    "former_union": Column("u1", 0, "Former", "how the last union ended", "partnership"),
    "seek_until": Column("u2", 0, "quarter", "last quarter on the partner market", "partnership"),
    "parity": Column("u1", 0, "children", "children a woman has borne, 3 = three and more", "bear"),
    "last_birth": Column("u2", 0, "quarter", "a woman's last confinement", "bear"),
    "plan": Column(
        "u1", 0, "Plan", "what the person wants to do as soon as there is a dwelling", "leave_home, partnership, move"
    ),
    "plan_since": Column("u2", 0, "quarter", "since when", "leave_home, partnership, move"),
    "kin_away": Column(
        "u2", 0, "3 x 5 bits", "living children up to 25 km from the town, 25 to 100 km, farther (abroad included)", "kin"
    ),
    "care": Column("u1", 0, "bits", "bits 0-2 Pflegegrad 0-5, bit 3 dementia, bit 4 frail", "change_need"),
    "setting": Column("u1", 0, "Setting", "where and how the person is cared for", "arrange_care"),
    "disability": Column("u1", 0, "bits", "bit 0 severe disability card (GdB 50 or more)", "recognise_disability"),
    "place": Column("i2", NONE, "facility index", "childcare place held; -2 outside the town", "place_children"),
    "childcare": Column(
        "u1",
        0,
        "bits",
        "bit 0 the parents wish a place, bit 1 they have applied, bit 2 holds a place for under-threes",
        "form_need, place_children",
    ),
    "place_wait_since": Column(
        "u2", 0, "quarter", "start of waiting for a childcare place, 0 = not waiting", "place_children"
    ),
}

HOUSEHOLD: dict[str, Column] = {
    "dwelling": Column(
        "i4", NONE, "row of dwellings", "the dwelling; -1 for institutions and for those without one", "households"
    ),
    "first_member": Column(
        "i4", NONE, "row of people", "begin of the chain of members; not kept for institutions", "households"
    ),
    "quartier": Column("u2", 0, "row of quartiere", "where the household lives", "households"),
    "size": Column("u2", 0, "persons", "members; 0 = an empty row that can be used again", "households"),
    "kind": Column("u1", 0, "Kind", "private household or kind of institution", "synthesis"),
    "reason": Column("u1", 0, "Reason", "why the household looks for a dwelling, 0 = it does not", "move"),
    "wait_since": Column("u2", 0, "quarter", "since when it looks", "move"),
    "moved_at": Column("u2", 0, "quarter", "last move", "households"),
}

DWELLING: dict[str, Column] = {
    "key": Column("u8", 0, "1", "whose luck", "synthesis, complete_dwellings"),
    "quartier": Column("u2", 0, "row of quartiere", "where it stands", "synthesis, complete_dwellings"),
    "rooms": Column("u1", 1, "rooms", "rooms, kitchens counted, 7 and more, 0 = gone", "synthesis, complete_dwellings"),
    "household": Column("i4", NONE, "row of households", "who lives there; -1 = vacant", "households"),
    "features": Column(
        "u1",
        0,
        "bits",
        "bit 0 barrier-free, 1-2 Tenure (0 let, 1 owned, 2 rent bound), 3-5 rent per m2 (0 = cheapest eighth), 6-7 age: 0 of the start",
        "synthesis, complete_dwellings",
    ),
}


def people_table(capacity: int) -> Table:
    """An empty table of people."""
    return Table(PERSON, capacity)


def household_table(capacity: int) -> Table:
    """An empty table of households."""
    return Table(HOUSEHOLD, capacity)


def dwelling_table(capacity: int) -> Table:
    """An empty table of dwellings."""
    return Table(DWELLING, capacity)
