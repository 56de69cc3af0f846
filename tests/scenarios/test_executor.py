"""Jobs done in one process or several: same results, failures told apart, Ctrl-C ends everything."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from quartier.scenarios.executor import Job, do_all

PROGRAM = '''
import json, os, sys, time
from dataclasses import dataclass
from pathlib import Path
from quartier.scenarios.executor import Failure, Job, do_all

@dataclass(frozen=True)
class Toy:
    """Writes a number per job; replicate 1 fails, 2 kills its process, 3 is slow, if the folder's name asks for it."""
    folder: Path

    def steps(self, job):
        return 6

    def compile_ahead(self) -> None:
        pass

    def done(self, replicate, scenario):
        return (self.folder / f"{scenario}-{replicate}").exists()

    def do(self, job, tick):
        (self.folder / f"pid-{os.getpid()}").touch()
        for step in range(6):
            if "fail" in self.folder.name and job.replicate == 1 and step == 3:
                raise ValueError("no such luck")
            if "kill" in self.folder.name and job.replicate == 2 and step == 3:
                os._exit(9)
            time.sleep(60 if "slow" in self.folder.name and job.replicate == 3 else 0.005)
            tick()
            if step == 4:
                (self.folder / f"a-{job.replicate}").write_text(str(job.replicate ** 2))
        return [Failure("b", 4, "branch")] if "branch" in self.folder.name and job.replicate == 4 else []

if __name__ == "__main__":
    folder, workers = Path(sys.argv[1]), int(sys.argv[2])
    seen = []
    jobs = [Job(r, ("a",)) for r in range(5)]
    failures = do_all(Toy(folder), jobs, lambda done, total: seen.append((done, total)), workers)
    reasons = [(f.replicate, f.reason.strip().splitlines()[-1]) for f in failures]
    print(json.dumps({"failures": reasons, "seen": seen}))
'''


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "program.py").write_text(PROGRAM)
    return tmp_path / "program.py"


def done(program: Path, name: str, workers: int) -> tuple[dict, dict[str, str]]:
    folder = program.parent / f"{name}{workers}"
    folder.mkdir()
    command = [sys.executable, str(program), str(folder), str(workers)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(finished.stdout), {p.name: p.read_text() for p in folder.glob("a-*")}


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_is_done_once_and_progress_rises_to_the_end(program, workers):
    said, files = done(program, "good", workers)
    assert said["failures"] == []
    assert files == {f"a-{r}": str(r**2) for r in range(5)}
    assert said["seen"] == sorted(said["seen"]) and said["seen"][-1] == [30, 30]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failing_job_is_named_and_the_others_finish(program, workers):
    said, files = done(program, "fail", workers)
    assert said["failures"] == [[1, "ValueError: no such luck"]]
    assert set(files) == {"a-0", "a-2", "a-3", "a-4"}
    assert said["seen"][-1] == [30, 30]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_scenario_that_fails_inside_a_job_is_named(program, workers):
    said, files = done(program, "branch", workers)
    assert said["failures"] == [[4, "branch"]] and len(files) == 5


def test_a_worker_that_dies_takes_only_its_own_job_with_it(program):
    said, files = done(program, "kill", 2)
    assert [replicate for replicate, _ in said["failures"]] == [2]
    assert "killed" in said["failures"][0][1]
    assert set(files) == {"a-0", "a-1", "a-3", "a-4"}


def alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"


def wait_until(what, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks processes up in /proc")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_when_the_parent_is_interrupted_or_killed_its_workers_end_too(program, how):
    folder = program.parent / "slow"
    folder.mkdir()
    command = [sys.executable, str(program), str(folder), "2"]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_until(lambda: len(list(folder.glob("a-*"))) == 4)  # all but the slow one
    workers = [int(p.name.removeprefix("pid-")) for p in folder.glob("pid-*")]
    assert len(workers) == 2 and all(map(alive, workers))
    parent.send_signal(how)
    parent.communicate(timeout=10)
    wait_until(lambda: not any(map(alive, workers)), 10)


def test_one_process_is_enough_for_one_job():
    class Here:
        def steps(self, job: Job) -> int:
            return 2

        def compile_ahead(self) -> None:
            pass

        def done(self, replicate: int, scenario: str) -> bool:
            return False

        def do(self, job: Job, tick) -> list:
            tick()
            tick()
            return []

    seen: list[tuple[int, int]] = []
    assert do_all(Here(), [Job(0, ("a",))], lambda d, t: seen.append((d, t)), 4) == []
    assert seen == [(1, 2), (2, 2), (2, 2)]
