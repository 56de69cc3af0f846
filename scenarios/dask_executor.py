"""Doing the jobs on a Dask cluster: the start population travels there once, the tables of each job come back.

The machines of a cluster need not see this one's files. They must have the same version of Quartier and of the libraries
that compute, or the values could differ; `connect` refuses others.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, cast

from ..model.errors import InputError
from .executor import POLL_SECONDS, Carried, Failure, Job, Progress, lost
from .fingerprint import program
from .request import option_fault

if TYPE_CHECKING:
    import numpy as np
    from distributed import Client

CONNECT_SECONDS: Final = 10
JOBS_PER_THREAD: Final = 2
"""Jobs that lie on the cluster at a time, for each of its threads: results wait nowhere in heaps."""


def check_cluster(address: str) -> None:
    """Ask a cluster whether it can do our jobs.

    Raises
    ------
    InputError : there is none, or it is not like this machine.
    """
    with connect(address):
        pass


@contextmanager
def connect(address: str) -> Iterator[Client]:
    """A client of the cluster at an address such as ``tcp://127.0.0.1:8786``.

    Raises
    ------
    InputError : nobody answers there, it has no workers, or they have another version of Quartier.
    """
    try:
        from distributed import Client
    except ImportError:
        expected, remedy = "the package distributed, which speaks to clusters", "install Quartier with the extra [dask]"
        raise InputError(option_fault("no_dask", "--dask", address, expected, remedy)) from None
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        expected = "the address of a Dask scheduler that answers, such as tcp://127.0.0.1:8786"
        remedy = f"start one with `dask scheduler`, or correct the address; the system says: {error}"
        raise InputError(option_fault("no_cluster", "--dask", address, expected, remedy)) from None
    with client:
        _same_program(client, address)
        yield client


def _same_program(client: Client, address: str) -> None:
    """Refuse a cluster without workers, or with workers on which the values could differ."""
    here = program()
    try:
        there = cast("dict[str, dict[str, str]]", client.run(program))
    except Exception as error:
        there = {"": {"quartier": type(error).__name__}}
    if not there:
        expected, remedy = "a cluster with at least one worker", f"start one with `dask worker {address}`"
        raise InputError(option_fault("no_dask_workers", "--dask", address, expected, remedy))
    other = [name for found in there.values() for name in here if found.get(name) != here[name]]
    if other:
        expected = "workers with the same version of Quartier and of its libraries as here"
        remedy = f"install the same versions there; different: {', '.join(dict.fromkeys(other))}"
        raise InputError(option_fault("other_workers", "--dask", address, expected, remedy))


def do_on_cluster(work: Carried, jobs: Sequence[Job], progress: Progress, address: str = "") -> list[Failure]:
    """The executor of a cluster; a few jobs at a time, whatever their number.

    Raises
    ------
    InputError : the cluster cannot be used.
    KeyboardInterrupt : what has not begun there is called off; what has begun ends by itself and is forgotten.
    """
    failed: dict[int, list[Failure]] = {}
    steps = [work.steps(job) for job in jobs]
    done, waiting, running = 0, list(range(len(jobs))), {}
    with connect(address) as client:
        carried = client.scatter(work.carried(), broadcast=True)
        places = JOBS_PER_THREAD * sum(cast("dict[str, int]", client.nthreads()).values())
        try:
            while waiting or running:
                while waiting and len(running) < max(places, 1):
                    i = waiting.pop(0)
                    lacking = tuple(s for s in jobs[i].scenarios if not work.done(jobs[i].replicate, s))
                    running[client.submit(_simulate, carried, Job(jobs[i].replicate, lacking), pure=False)] = i
                for future in _finished(running):
                    i = running.pop(future)
                    failed[i] = _take(work, jobs[i], future)
                    done += steps[i]
                progress(done, sum(steps))
        except BaseException:
            with suppress(Exception):
                client.cancel(list(running), force=True)
            raise
    return [failure for i in sorted(failed) for failure in failed[i]]


def _finished(running: Mapping[Any, int]) -> list[Any]:
    """Futures that have come to an end; waits a moment for one."""
    time.sleep(POLL_SECONDS / 4)
    return [future for future in running if future.done()]


def _take(work: Carried, job: Job, future: Any) -> list[Failure]:
    """Write what a job has brought."""
    try:
        tables, failures = future.result()
    except Exception as error:  # the worker died, several times: the scheduler gave the job up
        return lost(work, job, f"{type(error).__name__}: {error}")
    for scenario, values in tables.items():
        work.keep(job.replicate, scenario, values)
    return failures


def _simulate(work: Carried, job: Job) -> tuple[dict[str, Mapping[str, np.ndarray]], list[Failure]]:
    """One job, on a worker of the cluster."""
    tables: dict[str, Mapping[str, np.ndarray]] = {}
    failures = work.simulate(job, lambda: None, lambda replicate, scenario, values: tables.update({scenario: values}))
    return tables, failures
