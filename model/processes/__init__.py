"""The processes of a step, one file a subject; each owns the columns it writes."""

from __future__ import annotations

from ..kin import LOSE_KIN
from ..process import Process
from .births import BEAR
from .care_giving import GIVE_CARE
from .care_need import CHANGE_NEED
from .care_setting import ARRANGE_CARE
from .care_staffing import STAFF_SERVICES
from .childcare import FORM_NEED, PLACE_CHILDREN
from .deaths import DIE
from .disability import RECOGNISE_DISABILITY
from .home import LEAVE_HOME, RETURN_HOME
from .institutions import FILL_INSTITUTIONS
from .join_kin import JOIN_KIN
from .migration import IN_MIGRATE, OUT_MIGRATE
from .moves import MOVE
from .partnership import FORM_UNION, MARRY, SEPARATE
from .special_populations import FILL_SPECIAL_PLACES

STEP: tuple[Process, ...] = (
    DIE,
    BEAR,
    SEPARATE,
    MARRY,
    FORM_UNION,
    LEAVE_HOME,
    RETURN_HOME,
    JOIN_KIN,
    OUT_MIGRATE,
    IN_MIGRATE,
    FILL_SPECIAL_PLACES,
    FILL_INSTITUTIONS,
    MOVE,
    LOSE_KIN,
    CHANGE_NEED,
    RECOGNISE_DISABILITY,
    ARRANGE_CARE,
    GIVE_CARE,
    FORM_NEED,
    PLACE_CHILDREN,
    STAFF_SERVICES,
)
"""One step, one screen; why this order: `docs/model-description.md`."""
