"""What must be settled on this computer before numba and numpy are imported; where kernels are kept see `model.kernel_cache`."""

from __future__ import annotations

import os
import sys


def settle() -> None:
    """One thread per process: replicates run side by side instead."""
    for variable in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")


def processors() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
