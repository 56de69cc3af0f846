"""Going on with an interrupted run: what lies in its folder, whether it is the same run, and that nobody else is at it.

The unfinished folder ``<out>.partial`` holds ``plan.json`` (which run it is), ``start.npz`` (the start population),
``parts/`` (one file per replicate and scenario, each there only when it is whole) and, at the end, ``results/``, which
becomes ``<out>``.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..model.errors import Fault, InputError
from ..model.rates import DATA
from ..model.timeline import last_day
from .fingerprint import data_hash, program
from .request import option_fault, partial_of

if TYPE_CHECKING:
    from .run import Plan

PLAN, START, PARTS, RESULTS, LOG = "plan.json", "start.npz", "parts", "results", "error.log"

EXPECTED: Final = {
    "quartier": ("other_version", "an unfinished run of the same version of Quartier"),
    "libraries": ("other_version", "an unfinished run with the same versions of the libraries that compute"),
    "rates": ("other_version", "an unfinished run with the same rates and parameters"),
    "region": ("other_region", "an unfinished run of the same town with the same tables"),
    "seed": ("other_seed", "an unfinished run with the same --seed"),
    "until": ("other_period", "an unfinished run up to the same year (--until)"),
    "scenarios": ("other_scenarios", "an unfinished run of the same scenarios, in the same order"),
}
"""What must be equal, so that new parts fit to old ones: the fault where it is not, and what was expected."""


def identity(plan: Plan) -> dict[str, str]:
    """Which run it is, in words; the number of replicates may grow, workers and language do not matter."""
    ours, region = program(), plan.region
    tables = "".join(f"{name} {digest}\n" for name, digest in sorted(region.inputs.items()))
    return {
        "quartier": ours["quartier"],
        "libraries": ", ".join(f"{name} {version}" for name, version in ours.items() if name != "quartier"),
        "rates": _short(data_hash(DATA)),
        "region": f"{region.name} ({region.ags}), {_short(_sha(tables))}",
        "seed": str(plan.request.seed),
        "until": last_day(plan.until).isoformat(),
        "scenarios": ", ".join(f"{s.name} ({_short(s.hash)})" for s in plan.scenarios),
    }


def _short(digest: str) -> str:
    return digest[:8]


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def write_identity(plan: Plan) -> None:
    """Say in the unfinished folder which run it is; appears whole."""
    whole = plan.partial / PLAN
    temporary = whole.with_suffix(".tmp")
    temporary.write_text(json.dumps(identity(plan), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    temporary.replace(whole)


def folder_faults(out: Path) -> list[Fault]:
    """What speaks against going on towards an output folder: nothing unfinished lies there, or it is finished."""
    if out.exists():
        expected = "an unfinished run; this one is complete"
        remedy = f"the results lie in {out}; run without --resume for new ones"
        return [option_fault("nothing_to_resume", "--resume", out, expected, remedy)]
    if not partial_of(out).is_dir():
        expected = f"an unfinished run in {partial_of(out)}"
        remedy = "name its folder with --out, without .partial, or run without --resume"
        return [option_fault("nothing_to_resume", "--resume", out, expected, remedy)]
    return []


def other_run_faults(plan: Plan) -> list[Fault]:
    """In what the unfinished run is another one than the one asked for."""
    try:
        saved = json.loads((plan.partial / PLAN).read_text(encoding="utf-8"))
        saved = {key: str(saved[key]) for key in EXPECTED}
    except FileNotFoundError:
        return []  # interrupted before anything was worth keeping
    except (ValueError, KeyError, TypeError):
        expected, remedy = "a file that Quartier has written", f"delete {plan.partial} and start anew"
        return [option_fault("unreadable_plan", "--resume", plan.partial / PLAN, expected, remedy)]
    asked = identity(plan)
    remedy = "ask for the same as there ({}), or delete {} and start anew"
    return [
        option_fault(id, "--resume", asked[key], expected, remedy.format(saved[key], plan.partial))
        for key, (id, expected) in EXPECTED.items()
        if saved[key] != asked[key]
    ]


def clear(partial: Path) -> None:
    """Take away what an interrupted run left half done: temporary parts, results begun, the log of failures."""
    for half in [*(partial / PARTS).glob(".*.tmp"), *partial.glob("*.tmp*")]:
        half.unlink(missing_ok=True)
    (partial / LOG).unlink(missing_ok=True)
    shutil.rmtree(partial / RESULTS, ignore_errors=True)


def worth_keeping(partial: Path) -> bool:
    """Whether an interrupted run has anything to go on from."""
    return any((partial / PARTS).glob("*.npz"))


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Keep the unfinished folder for this process; the lock ends with the process, however it ends.

    Raises
    ------
    InputError : another process works there.
    """
    try:
        import fcntl
    except ImportError:  # Windows: nothing keeps two runs apart there but their users
        yield
        return
    handle = os.open(partial_of(out), os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            expected = "a folder beside which no other run is at work"
            remedy = "wait until it has ended, or name another folder"
            raise InputError(option_fault("running", "--out", out, expected, remedy)) from None
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(handle)
