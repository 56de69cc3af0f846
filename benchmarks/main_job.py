"""The main job as a newcomer meets it: Flensburg, 20 years, 10 replicates, with nothing compiled yet.

    python benchmarks/main_job.py            seconds with an empty and with a filled compile cache, and what the run left
    python benchmarks/main_job.py --check    two years, one replicate: every file of the results opens; some seconds

The command is called as a user would call it, in a process of its own; its compiled code goes to a new empty folder.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr
from matplotlib import image

PROGRAM: Final = "from quartier.app.main import main; main()"
FILES: Final = {"charts", "forecast.csv", "forecast.xlsx", "results.zarr", "run.json", "summary.zarr"}


def work() -> float:
    """Seconds that the processes started here have worked so far, on all processors together."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(out: Path, cache: Path | None, *more: str) -> tuple[float, float]:
    """Seconds on the wall and of work of one `quartier run flensburg`; its short table goes to the screen."""
    began, worked = time.perf_counter(), work()
    subprocess.run(
        [sys.executable, "-c", PROGRAM, "run", "flensburg", "--out", str(out), *more],
        check=True, env=dict(os.environ) if cache is None else {**os.environ, "NUMBA_CACHE_DIR": str(cache)}, stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - began, work() - worked


def sheets(file: Path) -> dict[str, int]:
    """Filled cells by sheet, as openpyxl reads the workbook; cells must be values, never formulas."""
    import openpyxl

    book = openpyxl.load_workbook(file)
    filled = {}
    for sheet in book:
        cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
        if any(cell.data_type == "f" for cell in cells):
            raise ValueError(f"a formula in sheet {sheet.title}")
        filled[sheet.title] = len(cells)
    return filled


def opened(folder: Path) -> list[str]:
    """Open every file of a run and say what is in it; raises if one cannot be read or is empty."""
    names = {path.name for path in folder.iterdir()}
    if names != FILES:
        raise ValueError(f"files {sorted(names ^ FILES)} missing or too many")
    told = [f"forecast.xlsx: {sheet}: {n} cells" for sheet, n in sheets(folder / "forecast.xlsx").items()]
    lines = (folder / "forecast.csv").read_text(encoding="utf-8-sig").splitlines()
    told.append(f"forecast.csv: {len(lines)} lines of {len(lines[0].split(';'))} fields")
    for store in ("results.zarr", "summary.zarr"):
        with xr.open_dataset(folder / store, engine="zarr", consolidated=False) as data:
            if not all(np.isfinite(data[name]).all() for name in data.data_vars if data[name].dtype.kind in "if"):
                told.append(f"{store}: has gaps")
            told.append(f"{store}: {dict(data.sizes)}")
    for path in sorted((folder / "charts").iterdir()):
        if path.suffix == ".png":
            told.append(f"{path.name}: {image.imread(path).shape}")
        else:
            told.append(f"{path.name}: {sum(1 for _ in xml.etree.ElementTree.parse(path).iter())} elements")
    return told


def main() -> None:
    """Print the seconds, or check that the results open."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="correctness only")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="quartier-main-job-") as name:
        folder = Path(name)
        if given.check:
            run(folder / "check", None, "--until", "2024", "--replicates", "1", "--workers", "1")
            print(f"{len(opened(folder / 'check'))} parts of the results open: ok")
            return
        cold = run(folder / "cold", folder / "cache")
        warm = run(folder / "warm", folder / "cache")
        print("\n".join(opened(folder / "cold")))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        for name, (wall, worked) in (("empty", cold), ("filled", warm)):
            print(f"{name} compile cache: {wall:.0f} s on the wall, {worked:.0f} s of work")
        print(f"largest process: {peak:.0f} MB; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
