"""Doing many independent jobs, in this process or in several; the one seam between a run and the machine it runs on.

A job is one replicate of some scenarios. It writes its own results, so nothing but progress comes back, and the results
are the same whoever does the job. An `Executor` is any function that does jobs: `do_all` here with its processes, or the
one of `dask_executor` with a cluster.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np

NOT_BEGUN: Final = -1
STEPS_AHEAD: Final = 4
"""Steps (a year, so that yearly work is met too) that one job goes ahead of all others; see `_one`."""
SECONDS_WITHOUT_COMPILING: Final = 2.0
"""Four compiled steps take less; who waits longer waits for the compiler."""
POLL_SECONDS: Final = 0.2
LOST: Final = "the worker process ended without a word (killed, or out of memory?)"


class Job(NamedTuple):
    """One replicate of some scenarios, the unit of work."""

    replicate: int
    scenarios: tuple[str, ...]


@dataclass(frozen=True)
class Failure:
    """One replicate of one scenario that failed, and why."""

    scenario: str
    replicate: int
    reason: str


class Work(Protocol):
    """What is to be done for every job; travels to the worker processes, so its class must be importable there."""

    def steps(self, job: Job) -> int:
        """Steps of one job."""
        ...

    def do(self, job: Job, tick: Callable[[], None]) -> list[Failure]:
        """Do what the job still lacks, call ``tick`` after every step, and return what failed."""
        ...

    def done(self, replicate: int, scenario: str) -> bool:
        """Whether one replicate of one scenario is there, whole."""
        ...

    def compile_ahead(self) -> None:
        """Compile what a job in another process comes to last, before it gets there; leaves nothing else behind."""
        ...


class Carried(Work, Protocol):
    """Work that can be done on machines which do not see this one's files."""

    def carried(self) -> Carried:
        """A copy that holds all it needs."""
        ...

    def simulate(
        self, job: Job, tick: Callable[[], None], keep: Callable[[int, str, Mapping[str, np.ndarray]], None]
    ) -> list[Failure]:
        """As `do`, but what comes out is handed to ``keep`` instead of being written."""
        ...

    def keep(self, replicate: int, scenario: str, tables: Mapping[str, np.ndarray]) -> None:
        """Write what came out of one replicate of one scenario."""
        ...


class ReplicatesFailedError(Exception):
    """Some replicates failed, by a defect of ours; the others finished.

    Carries the failures and the folder of what is unfinished.
    """

    def __init__(self, failures: Sequence[Failure], partial: Path) -> None:
        self.failures, self.partial = list(failures), partial
        super().__init__(f"{len(failures)} replicates failed")


Progress = Callable[[int, int], None]
"""Called with the steps done and the steps of all jobs."""
Executor = Callable[[Any, Sequence[Job], Progress], list[Failure]]
"""Does all jobs of a work; those that fail are returned, in the order of the jobs, and leave the others alone."""


def do_all(work: Work, jobs: Sequence[Job], progress: Progress, workers: int = 1) -> list[Failure]:
    """The executor of one machine.

    Parameters
    ----------
    workers : processes at most; 1 does everything in this process.

    Raises
    ------
    KeyboardInterrupt : after the worker processes have ended.
    """
    if min(workers, len(jobs)) <= 1:
        return _in_this_process(work, jobs, progress)
    context = multiprocessing.get_context("spawn")  # the same on every system, and nothing inherited by accident
    steps_done = context.RawArray("i", [NOT_BEGUN] * len(jobs))
    failed: dict[int, list[Failure]] = {}
    left = set(range(len(jobs)))
    while left:
        left -= _in_processes(work, jobs, sorted(left), workers, steps_done, failed, progress)
        # what is left was lost with a process that died; the jobs it may have been at are tried again, each alone
        suspects = sorted(i for i in left if steps_done[i] != NOT_BEGUN) or sorted(left)
        for i in suspects:
            steps_done[i] = NOT_BEGUN
            if not _in_processes(work, jobs, [i], 1, steps_done, failed, progress):
                failed[i] = lost(work, jobs[i], LOST)
                steps_done[i] = work.steps(jobs[i])
        left -= set(suspects)
    return [failure for i in sorted(failed) for failure in failed[i]]


def lost(work: Work, job: Job, reason: str) -> list[Failure]:
    """The failures of a job that came to no end: all of its scenarios that are not there."""
    return [Failure(name, job.replicate, reason) for name in job.scenarios if not work.done(job.replicate, name)]


def _in_this_process(work: Work, jobs: Sequence[Job], progress: Progress) -> list[Failure]:
    failures = []
    steps = [work.steps(job) for job in jobs]
    for number, job in enumerate(jobs):
        before, done = sum(steps[:number]), 0

        def tick(before: int = before, most: int = steps[number]) -> None:
            nonlocal done
            done += 1
            progress(before + min(done, most), sum(steps))

        try:
            failures += work.do(job, tick)
        except Exception:
            failures += lost(work, job, traceback.format_exc())
        progress(before + steps[number], sum(steps))
    return failures


def _in_processes(
    work: Work, jobs: Sequence[Job], left: list[int], workers: int, steps_done: Any,
    failed: dict[int, list[Failure]], progress: Progress,
) -> set[int]:
    """Do the jobs ``left`` in a pool, as far as the pool lives; returns the numbers of those that came to an end."""
    others = set(multiprocessing.active_children())
    finished: set[int] = set()
    total = sum(work.steps(job) for job in jobs)
    with ProcessPoolExecutor(
        min(workers, len(left)), multiprocessing.get_context("spawn"), _begin, (work, steps_done)
    ) as pool:
        try:
            with _interrupts_held():  # the processes start here and inherit it: Ctrl-C is the parent's business
                number_of: dict[Future[list[Failure]], int] = {pool.submit(_one, i, jobs[i]): i for i in left}
            pending = set(number_of)
            while pending:
                done, pending = wait(pending, POLL_SECONDS, FIRST_COMPLETED)
                for future in done:
                    if isinstance(future.exception(), BrokenProcessPool):
                        continue
                    finished.add(number_of[future])
                    if failures := future.result():
                        failed[number_of[future]] = failures
                progress(sum(max(n, 0) for n in steps_done), total)
        except BrokenProcessPool:  # it broke while jobs were being submitted
            pass
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
            raise
    return finished


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Keep Ctrl-C waiting; Windows knows no such thing."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_work: Work
_steps_done: Any


def _begin(work: Work, steps_done: Any) -> None:
    """Prepare a worker process: it leaves Ctrl-C to its parent, and does not outlive it."""
    global _work, _steps_done
    _work, _steps_done = work, steps_done
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


def _one(number: int, job: Job) -> list[Failure]:
    """Do one job in a worker process; returns what failed.

    With an empty cache the compiled functions are made in the first year: one job goes ahead and the others wait for
    it, so that they find them on disk instead of compiling the same again. Process 1, if it has
    waited long, compiles from the end of the step towards it, once.
    """
    steps = _work.steps(job)
    may_help = time.monotonic() + SECONDS_WITHOUT_COMPILING if number == 1 else math.inf
    while number > 0 and max(_steps_done) < min(STEPS_AHEAD, steps):
        if time.monotonic() > may_help:
            _work.compile_ahead()
            may_help = math.inf
        time.sleep(0.02)
    _steps_done[number] = 0

    def tick() -> None:
        _steps_done[number] = min(_steps_done[number] + 1, steps)

    try:
        return _work.do(job, tick)
    except Exception:
        return lost(_work, job, traceback.format_exc())
    finally:
        _steps_done[number] = steps
