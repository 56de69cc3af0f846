"""The lever `kita_access_help`: help with the application for a childcare place."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ...model.rates import Modifier
from ..parts import Amount, Amounts, Dated, DatedAmount, Range, every, plain
from .lever import Effects, Setting


def share(amounts: float | Range | list[DatedAmount]) -> float | Range | list[DatedAmount]:
    """Refuses what is no share."""
    if not 0 <= min(every(amounts)) <= max(every(amounts)) <= 1:
        raise ValueError("a share from 0 to 1|correct the number")
    return amounts


class KitaAccessHelp(Dated):
    """Families who seldom apply, though they wish a place for a child under three, are helped to apply."""

    name: Literal["kita_access_help"]
    reached: Annotated[Amounts, AfterValidator(share)] = Field(
        description="share of the families meant that are reached"
    )
    families_meant: Annotated[Amount, AfterValidator(share)] = Field(
        description="their share of all children under three"
    )
    gain: Annotated[Amount, AfterValidator(share)] = Field(
        description="by how much help raises the share of them who apply, of those who wish a place"
    )

    def effects(self, setting: Setting) -> Effects:
        """An addition to the rate `childcare_applied` of children under three, which never rises above 1."""
        size = plain(self.families_meant) * plain(self.gain)
        pieces = setting.course(self, self.reached)
        ages = (setting.quartiere, None, 0, 2)
        added = [
            Modifier("childcare_applied", "add", p.amount * size, "scenario", p.start, p.end, *ages) for p in pieces
        ]
        return Effects(
            [*added, *[Modifier("childcare_applied", "cap", 1.0, "scenario", m.start, m.end, *ages) for m in added]]
        )
