"""Events minus the sum of the probabilities used are noise around zero, in the full model, for every process."""

import numpy as np
import pytest
from quartier.model import QuartierModel
from quartier.model.asking import Audit
from quartier.model.rates import read_rate_book
from quartier.model.synthesis import synthesise
from scipy.stats import norm
from towns import national

FAMILY_WISE = 0.01
"""Chance that any of all cells of a right model lies beyond the limit."""

PROCESSES = (
    "die", "bear", "seek", "marry", "separate_cohabiting", "separate_married", "leave_home", "return_home",
    "out_migrate_germany", "out_migrate_abroad", "wish_to_move", "change_need", "recognise_disability",
)


def audited(persons: int, years: int, seed: int) -> Audit:
    """The full model of a national town, run with an audit."""
    region, rates = national(persons, 5), read_rate_book("00")
    model = QuartierModel(region, rates, synthesise(region, rates, seed), seed=seed)
    model.audit = Audit()
    model.run(model.now + 4 * years)
    return model.audit


def largest(audit: Audit) -> tuple[float, float, dict[str, float]]:
    """Largest |z| over all processes, sexes and ten-year age groups, its limit, and the largest per process."""
    z = {process: audit.z(process) for process in audit.expected}
    cells = sum(int(np.isfinite(table).sum()) for table in z.values())
    per_process = {name: float(np.nanmax(np.abs(t))) for name, t in z.items() if np.isfinite(t).any()}
    return max(per_process.values()), float(norm.isf(FAMILY_WISE / 2 / cells)), per_process


def largest_total(audit: Audit) -> tuple[float, float]:
    """Largest |z| of all events of a process, and its limit."""
    z = [
        (audit.observed[name].sum() - audit.expected[name].sum()) / np.sqrt(audit.variance[name].sum())
        for name in audit.expected
    ]
    return float(np.abs(z).max()), float(norm.isf(FAMILY_WISE / 2 / len(z)))


@pytest.mark.long
def test_events_minus_probabilities_are_noise_for_every_process_age_and_sex():
    audit = audited(40_000, 4, seed=11)
    assert set(PROCESSES) <= set(audit.expected)
    z, limit, per_process = largest(audit)
    assert z < limit, per_process
    total, limit = largest_total(audit)
    assert total < limit


@pytest.mark.long
def test_a_probability_that_is_five_percent_off_is_found():
    """The power of the test above: of some 12,000 events five percent are more than five standard deviations."""
    audit = audited(100_000, 4, seed=12)
    total, limit = largest_total(audit)
    assert total < limit
    audit.expected["out_migrate_germany"] *= 0.95
    total, limit = largest_total(audit)
    assert total > limit


def test_an_audit_changes_nobodys_life():
    region, rates = national(2000, 2), read_rate_book("00")
    start = synthesise(region, rates, 1)
    plain, watched = (QuartierModel(region, rates, start, seed=3) for _ in range(2))
    watched.audit = Audit()
    for model in (plain, watched):
        model.run(model.now + 4)
    a, b = (m.people.frame().sort_values("key", ignore_index=True) for m in (plain, watched))
    columns = ["key", "birth", "present", "quartier", "union_state", "parity", "care", "setting", "place"]
    assert a[columns].equals(b[columns])
