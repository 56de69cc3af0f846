"""What happens to people: tables, luck, rates, region, synthetic population, processes, agents, the Mesa model."""

if __name__ == "model":  # the folder was found by its own name, not as the installed package
    raise ImportError("write `import quartier.model`; `import model` would load every module a second time")

from typing import TYPE_CHECKING, Any

from . import kernel_cache

kernel_cache.settle()  # before any module imports numba
if TYPE_CHECKING:
    from .model import QuartierModel as QuartierModel

__all__ = ["QuartierModel"]


def __getattr__(name: str) -> Any:
    """Import the Mesa model only when it is asked for: Mesa takes more than a second to import."""
    if name == "QuartierModel":
        from .model import QuartierModel

        return QuartierModel
    raise AttributeError(name)
