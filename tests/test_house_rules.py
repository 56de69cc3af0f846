"""The rules of the house that a machine can keep (see the architecture in docs/decisions)."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest
from house import FLOORS, ROOT, imported, modules, tracked, tree
from quartier.model import kernel_cache
from shared_data import data_folder

LONGEST_FUNCTION, LONGEST_FILE = 60, 500
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def upward(path: PurePosixPath, module: ast.Module) -> list[str]:
    """Imports from a floor above, or of a floor by its folder's own name."""
    own = FLOORS.index(path.parts[0])
    found = []
    for line, name in imported(path, module):
        first, *rest = name.split(".")
        if first in FLOORS:
            found.append(f"{path}:{line} imports {name}; write quartier.{name} or a relative import")
        elif first == "quartier" and rest and rest[0] in FLOORS[own + 1 :]:
            found.append(f"{path}:{line} imports {name}, which stands above")
    return found


def test_each_floor_imports_only_from_those_below():
    assert [fault for path in modules(*FLOORS) for fault in upward(path, tree(path))] == []


@pytest.mark.parametrize(
    "line",
    [
        "from ..outputs import recorder", "from .. import app", "import quartier.scenarios.schema", "import model.luck",
        "from quartier import app", "from quartier.app.main import main",
    ],
)
def test_an_import_from_above_would_be_noticed(line):
    assert upward(PurePosixPath("model/model.py"), ast.parse(line))


def test_kernels_stand_only_where_their_sources_name_the_folder_they_are_kept_in():
    others = modules(*(floor for floor in FLOORS if floor not in kernel_cache.FLOORS))
    assert [path for path in others if any(name.split(".")[0] == "numba" for _, name in imported(path, tree(path)))] == []


def randomness(module: ast.Module) -> Iterator[int]:
    """Lines where chance enters by another door than luck, also by hash(), which is salted anew in every process."""
    doors = {"random", "rng", "default_rng", "RandomState", "urandom", "uuid1", "uuid4", "secrets"}
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute | ast.Name):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            if name in doors or (name == "hash" and isinstance(node, ast.Name)):
                yield node.lineno
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = {part for alias in node.names for part in alias.name.split(".")}
            if isinstance(node, ast.ImportFrom):
                names |= set((node.module or "").split("."))
            if names & doors:
                yield node.lineno


def test_only_luck_draws():
    found = [
        f"{path}:{line}" for path in modules("model") if path.name != "luck.py" for line in randomness(tree(path))
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "np.random.random()", "import random", "from numpy.random import default_rng", "from numpy import random",
        "model.rng.random()", "self.random.choice(x)", "hash(name)", "os.urandom(4)", "uuid.uuid4()",
    ],
)
def test_another_door_for_chance_would_be_noticed(line):
    assert list(randomness(ast.parse(line)))


def test_only_the_app_prints():
    found = [
        f"{path}:{node.lineno}"
        for path in modules("model", "outputs", "scenarios")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert found == []


NOT_OURS = re.compile(
    r"py" r"pi\.org|python" r"hosted|npm" r"js\.org|(^|[^A-Za-z0-9_.~-])/(work|farm|root)/"
)
"""Addresses of package registries and paths of one machine."""


def test_no_file_names_a_package_registry_or_a_place_on_one_machine():
    found = []
    for path in tracked():
        if path.suffix == ".geojson":
            continue
        try:
            text = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path}:{n}" for n, line in enumerate(text.splitlines(), 1) if NOT_OURS.search(line)]
    assert found == []


def test_a_path_of_one_machine_would_be_noticed():
    assert NOT_OURS.search("see /" + "work/main/model")
    assert not NOT_OURS.search("https://example.org/framework/main")


def test_no_file_of_the_shared_data_is_committed_as_it_is():
    """Figures may be carried over, files not; what is made for the project (derived) may be taken over."""
    data = data_folder()
    ours: dict[int, list[PurePosixPath]] = {}
    for path in tracked():
        ours.setdefault((ROOT / path).stat().st_size, []).append(path)
    theirs = [p for part in ("germany", "regions") for p in (data / part).rglob("*") if p.is_file()]
    assert theirs, f"{data} holds no data"
    copies = []
    for other in theirs:
        for path in ours.get(other.stat().st_size, []):
            if path.stem != "__init__" and _sha1(ROOT / path) == _sha1(other):
                copies.append(f"{path} is {other.name}")
    assert copies == []


def _sha1(path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()


def test_files_have_one_subject_and_are_not_long():
    lengths = {path: (ROOT / path).read_text(encoding="utf-8").count("\n") for path in modules()}
    assert {str(path): n for path, n in lengths.items() if n > LONGEST_FILE} == {}


def test_functions_fit_on_a_screen():
    found = {
        f"{path}:{node.lineno} {node.name}": lines
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    }
    assert found == {}


def public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Public classes, functions and methods of a module, by name."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{prefix}{node.name}.")


def test_everything_public_in_the_model_says_what_it_is():
    found = [str(path) for path in modules("model") if ast.get_docstring(tree(path)) is None]
    found += [
        f"{path}:{node.lineno} {name}"
        for path in modules("model")
        for name, node in public(tree(path).body)
        if ast.get_docstring(node) is None
    ]
    assert found == []
