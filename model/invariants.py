"""What must hold after every step; a broken one is a defect of ours and stops the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .columns import Kind, Role

if TYPE_CHECKING:
    from .model import QuartierModel


class BrokenInvariantError(AssertionError):
    """The state contradicts itself; the message names the invariant and the first row."""


def _require(name: str, good: np.ndarray) -> None:
    if not good.all():
        bad = np.flatnonzero(~good)
        raise BrokenInvariantError(f"{name}: {bad.size} rows, first {bad[0]}")


def check(model: QuartierModel) -> None:
    """Check that people, households, dwellings and links agree.

    Raises
    ------
    BrokenInvariantError : with the invariant's name and the first row that breaks it.
    """
    _check_people(model)
    _check_households(model)
    _check_unions(model)


def _check_people(model: QuartierModel) -> None:
    p, h = model.people, model.households
    here = p.present == 1
    _require("everyone present lives in one household", p.household[here] >= 0)
    _require("nobody who left or died lives in a household", p.household[~here] < 0)
    _require("a person's Quartier is that of the household", p.quartier[here] == h.quartier[p.household[here]])
    _require("an id leads to its row", model.row_of_id[p.id[here]] == np.flatnonzero(here))
    keys = np.sort(p.key[here])
    _require("keys are unique", keys[1:] != keys[:-1])
    _require("nobody is born in the future", p.birth <= model.now)


def _check_households(model: QuartierModel) -> None:
    p, h, d = model.people, model.households, model.dwellings
    here = p.present == 1
    lived_in = p.household[here]
    _require("a household's size is the number of its members", np.bincount(lived_in, minlength=len(h)) == h.size)
    chained = np.concatenate((h.first_member[h.first_member >= 0], p.next_member[p.next_member >= 0]))
    _require(
        "the chains of members hold everyone in a private household once",
        np.array([np.array_equal(np.sort(chained), np.flatnonzero(here)[h.kind[p.household[here]] == Kind.PRIVATE])]),
    )
    begins, goes_on = np.flatnonzero(h.first_member >= 0), np.flatnonzero(p.next_member >= 0)
    _require("a chain begins in its household", p.household[h.first_member[begins]] == begins)
    _require("a chain stays inside its household", p.household[p.next_member[goes_on]] == p.household[goes_on])
    housed = h.dwelling >= 0
    _require("a household's dwelling is occupied by it", d.household[h.dwelling[housed]] == np.flatnonzero(housed))
    taken = d.household >= 0
    _require("an occupied dwelling is its household's", h.dwelling[d.household[taken]] == np.flatnonzero(taken))
    _require("a dwelling stands in its household's Quartier", d.quartier[taken] == h.quartier[d.household[taken]])
    _require("nobody lives in a dwelling that is gone", d.rooms[taken] > 0)
    _require("empty households and institutions have no dwelling", ~housed[(h.size == 0) | (h.kind != Kind.PRIVATE)])
    of_age = model.ages() >= model.rates.parameter("age_of_majority")
    adults = np.bincount(p.household[here & of_age], minlength=len(h))
    _require("no child lives without an adult", (adults > 0) | (h.size == 0) | (h.kind != Kind.PRIVATE))


def _check_unions(model: QuartierModel) -> None:
    p = model.people
    here = np.flatnonzero((p.present == 1) & (p.partner >= 0))
    other = model.rows_of(p.partner[here])
    _require("a partner is alive and in the town", other >= 0)
    _require("partner links are mutual", p.partner[other] == p.id[here])
    _require("partners share their union state", p.union_state[other] == p.union_state[here])
    _require("who has a partner is in a union", p.union_state[here] > 0)
    alone = (p.present == 1) & (p.partner < 0)
    _require("who has no partner is in no union", p.union_state[alone] == 0)
    _require(
        "residents of institutions live in one",
        (model.households.kind[p.household[p.present == 1]] > 0) == (p.role[p.present == 1] == Role.RESIDENT),
    )
