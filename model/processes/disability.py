"""Severe disability (Schwerbehinderung, card from GdB 50): recognition and loss (model-care.md 6.1).

Who gets Pflegegrad 3 or more out of no grade is recognised with a probability of its own; the probabilities of the
others are solved for, so that at constant rates of care the prevalence by age and sex stays. Mortality does not depend
on the card beyond the grade: the ratio of the guide (2.5 falling to 1.2) would have to be normalised together with the
grades, so the guide's incidence, which goes with it, is not used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..care_hazards import AGES, GRADES, care_rates, remembered, survival
from ..columns import DISABILITY_CARD_BIT
from ..luck import Decision
from ..process import Process
from ..rates import RateBook, probability, threshold
from ..shortlist import shortlist_with_newcomers
from ..timeline import STEPS_PER_YEAR
from .care_need import ask_listed, by_age, by_quarter, grade_and_dementia
from .care_start import choose_by_table

if TYPE_CHECKING:
    from ..model import QuartierModel


SECANT_STEPS = 6
"""The share is nearly linear in the probability; more steps change nothing."""


def target_shares(rates: RateBook) -> np.ndarray:
    """Share with a card at the start of every age, float64 [sex, 0..110]; between two ages' means, nil at birth."""
    mean = rates["disability_prevalence"].values
    start = np.zeros((2, AGES + 1))
    start[:, 1:AGES] = (2.5 * mean[:, 1:] + 1.5 * mean[:, :-1]) / STEPS_PER_YEAR
    start[:, AGES] = mean[:, -1]
    return start


def care_moves(rates: RateBook) -> tuple[np.ndarray, np.ndarray]:
    """Survival [step, sex, age, 6] and moves between grades [sex, age, 6, 6] within a step, at constant rates of care."""
    year = int(rates.parameter("mortality_base_year"))
    care = care_rates(rates, year, "constant")
    hazard = np.zeros((2, AGES, GRADES + 1, GRADES + 1))
    hazard[:, :, 0, 1:], hazard[:, :, 1:, 0] = care.onset, care.recovery
    for g in range(1, GRADES):
        hazard[:, :, g, g + 1] += care.upgrade[..., g - 1]
        hazard[:, :, g + 1, g] += care.downgrade
    total = hazard.sum(-1)
    moved = probability(total)
    moves = hazard * (moved / np.maximum(total, 1e-300))[..., None]
    moves[..., range(GRADES + 1), range(GRADES + 1)] = 1 - moved
    return survival(rates, year, "constant"), moves


def recognition(rates: RateBook, with_care: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """As `stationary_probabilities`, remembered."""
    name = f"disability {with_care}"
    return remembered(rates, name, "constant", 0, lambda: stationary_probabilities(rates, with_care))


def stationary_probabilities(rates: RateBook, with_care: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of recognition and of loss within a step that keep the prevalence, float64 [sex, age 0..109] each.

    A cohort is carried through life by card and grade, with deaths by grade and recognition at onset; at every age the
    probability is found (secant) with which the share with a card meets the table a year later. Where the prevalence
    falls faster with age than cards are lost, nobody is recognised and the loss is raised. ``with_care`` False leaves
    grades out, for runs without `change_need`.
    """
    target, lost = target_shares(rates), probability(rates["disability_loss"].values)
    shape = (2, AGES, GRADES + 1)
    still = np.ones((STEPS_PER_YEAR, *shape)), np.broadcast_to(np.eye(GRADES + 1), (*shape, GRADES + 1))
    survive, moves = care_moves(rates) if with_care else still
    first = int(rates.parameter("disability_care_grade_from"))
    at_onset = np.zeros((GRADES + 1, GRADES + 1))
    at_onset[0, first:] = rates.parameter("disability_with_care_grade")
    recognised = np.zeros((2, AGES))
    state = np.zeros((2, 2, GRADES + 1))
    state[:, 0, 0] = 1
    for x in range(AGES):
        state, recognised[:, x], lost[:, x] = _through_a_year(
            state, survive[:, :, x], moves[:, x], at_onset, lost[:, x], target[:, x + 1]
        )
    return recognised, lost


def _through_a_year(
    state: np.ndarray,
    survive: np.ndarray,
    moves: np.ndarray,
    at_onset: np.ndarray,
    lost: np.ndarray,
    wanted: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """State [sex, card, grade] a year later, recognition and loss; net recognition below zero is a loss on top."""
    with_card = moves * at_onset

    def carried(net: np.ndarray) -> np.ndarray:
        gain, loss = np.maximum(net, 0)[:, None], (lost + np.maximum(-net, 0))[:, None]
        n = state
        for quarter in range(STEPS_PER_YEAR):
            n = n * survive[quarter][:, None]
            without, holding = n[:, 0, None] @ moves, n[:, 1, None] @ moves
            onset = (n[:, 0, None] @ with_card)[:, 0] * (1 - gain)
            without, holding = without[:, 0], holding[:, 0]
            flow = without * gain + onset - holding * loss
            n = np.stack((without - flow, holding + flow), axis=1)
        return n / n.sum((1, 2), keepdims=True)

    def missed(net: np.ndarray) -> np.ndarray:
        return carried(net)[:, 1].sum(-1) - wanted

    last, net = np.zeros(2), np.full(2, 0.01)
    error = missed(last)
    for _ in range(SECANT_STEPS):
        new = missed(net)
        slope = np.where(new != error, (new - error) / np.where(net != last, net - last, 1), 1.0)
        last, net, error = net, net - new / slope, new
    return carried(net), np.maximum(net, 0), lost + np.maximum(-net, 0)


def _thresholds(model: QuartierModel) -> np.ndarray:
    """Thresholds u32 [card, sex, quarters lived] of recognition (no card) and loss (card)."""
    side = model.side.setdefault("recognise_disability", {})
    if "table" not in side:
        chances = recognition(model.rates, model.has("change_need"))
        side["table"] = threshold(by_quarter(np.stack(chances)))
    return side["table"]


def recognise_disability(model: QuartierModel) -> None:
    """Let people be recognised as severely disabled or lose the card; then those who got Pflegegrad 3 or more."""
    p = model.people
    listed = shortlist_with_newcomers(model, Decision.DISABILITY)
    rows = ask_listed(model, "recognise_disability", listed, _thresholds(model), p.disability)
    p.disability[rows] ^= DISABILITY_CARD_BIT
    onset = model.side.get("change_need", {}).get("onset", np.zeros(0, np.int32))
    grade, _ = grade_and_dementia(p.care[onset])
    severe = onset[(grade >= model.rates.parameter("disability_care_grade_from")) & (p.disability[onset] == 0)]
    luck = model.luck.words(Decision.DISABILITY_KIND, model.now, p.key[severe])
    found = luck < threshold(model.rates.parameter("disability_with_care_grade"))
    p.disability[severe[found]] |= DISABILITY_CARD_BIT


def start_disability(model: QuartierModel) -> None:
    """Give out cards by the prevalence table; does nothing where the start population already has them."""
    p = model.people
    if p.disability.any():
        return
    rows = np.flatnonzero(p.present == 1)
    age = np.clip(model.ages(rows), 0, AGES - 1)
    share = model.rates["disability_prevalence"].values[p.sex[rows], age]
    p.disability[rows] = choose_by_table(model, rows, share, Decision.START_DISABILITY, np.zeros(rows.size, bool))


RECOGNISE_DISABILITY = Process(
    "recognise_disability",
    reads=("people.birth", "people.sex", "people.disability", "people.care"),
    writes=("people.disability",),
    rates=("disability_prevalence", "disability_loss", "disability_with_care_grade"),
    step=recognise_disability,
    start=start_disability,
    bounds={Decision.DISABILITY: lambda model: by_age(_thresholds(model)).max(axis=0)},
)
