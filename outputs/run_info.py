"""What a run was: enough to repeat it, and nothing that differs between two machines that run the same."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PureWindowsPath
from typing import Any, Final

from ..model.timeline import last_day

LIBRARIES: Final = ("mesa", "numba", "numpy", "pandas", "scipy", "xarray", "zarr", "matplotlib", "xlsxwriter")
"""Libraries whose versions are written down."""


@dataclass(frozen=True)
class RunInfo:
    """One run, as written to `run.json`.

    Attributes
    ----------
    command : the arguments of the command line; folders shortened to their names.
    region : key, name, ags, state, reference_date.
    scenarios : key -> title, in the order of the results.
    seed, replicates, until : what names the luck and the extent; ``until`` is the last absolute quarter.
    parameters : value of every parameter the run used, and what was overridden.
    inputs : SHA-256 of every file read, by name.
    estimated : what the region does not give.
    version, python, libraries : of this program, of Python, of the libraries.
    timing : wall times in seconds, workers, machine; the only part that differs between equal runs.
    """

    command: tuple[str, ...]
    region: dict[str, str]
    scenarios: dict[str, str]
    seed: int
    replicates: int
    until: int
    parameters: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    estimated: tuple[str, ...] = ()
    version: str = ""
    python: str = ""
    libraries: dict[str, str] = field(default_factory=dict)
    timing: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        region: Any,
        *,
        command: Sequence[str],
        scenarios: Mapping[str, str],
        seed: int,
        replicates: int,
        until: int,
        parameters: Mapping[str, Any] | None = None,
        inputs: Mapping[str, str] | None = None,
        timing: Mapping[str, Any] | None = None,
    ) -> RunInfo:
        """Gather what can be asked for: the region's own facts and the versions. ``inputs`` adds to the region's."""
        return cls(
            command=portable(command),
            region={
                "key": region.key,
                "name": region.name,
                "ags": region.ags,
                "state": region.state,
                "reference_date": region.reference_date.isoformat(),
            },
            scenarios=dict(scenarios),
            seed=seed,
            replicates=replicates,
            until=until,
            parameters=dict(parameters or {}),
            inputs={**region.inputs, **(inputs or {})},
            estimated=tuple(sorted(region.estimated)),
            version=package_version("quartier"),
            python=platform.python_version(),
            libraries={name: package_version(name) for name in LIBRARIES},
            timing=dict(timing or {}),
        )

    @property
    def inputs_hash(self) -> str:
        """One SHA-256 over names and hashes of all inputs."""
        lines = "".join(f"{name} {digest}\n" for name, digest in sorted(self.inputs.items()))
        return hashlib.sha256(lines.encode()).hexdigest()

    def write(self, path: Path) -> None:
        """Write `run.json`: sorted keys, ``timing`` last and apart from all that repeats."""
        content = asdict(self)
        timing = content.pop("timing")
        repeated = {
            **content,
            "until": last_day(self.until).isoformat(),
            "inputs": dict(sorted(self.inputs.items())),
            "inputs_sha256": self.inputs_hash,
        }
        text = json.dumps({"run": repeated, "timing": timing}, ensure_ascii=False, indent=2, default=str)
        path.write_text(text + "\n", encoding="utf-8")


def portable(command: Sequence[str]) -> tuple[str, ...]:
    """Arguments with absolute paths shortened to their last part, also behind ``=``.

    >>> portable(["run", "/home/anna/town", "--out=/tmp/x", "--seed", "1"])
    ('run', 'town', '--out=x', '--seed', '1')
    """

    def shorten(text: str) -> str:
        path = PureWindowsPath(text)  # understands both kinds of slash
        return path.name if path.root and path.name else text

    shortened = []
    for argument in command:
        option, equals, value = argument.partition("=")
        shortened.append(f"{option}={shorten(value)}" if equals and option.startswith("-") else shorten(argument))
    return tuple(shortened)


def package_version(name: str) -> str:
    """Installed version of a package, or ``not installed``."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
