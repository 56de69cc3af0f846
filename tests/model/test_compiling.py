"""How kernels are compiled."""

import gc

import numba as nb
import numpy as np
import pytest
from numba.core.errors import TypingError
from quartier.model import compiling  # noqa: F401


def test_the_garbage_collector_rests_while_a_kernel_is_compiled_and_only_then():
    seen = []

    class Typed(nb.types.Type):
        """Looks whether the collector works whenever the compiler asks something."""

        def __init__(self):
            super().__init__(name="Typed")

        def is_precise(self):
            seen.append(gc.isenabled())
            return True

    assert gc.isenabled()
    with pytest.raises(TypingError):
        nb.njit(lambda value: value + 1).compile((Typed(),))
    assert seen
    assert not any(seen)
    assert gc.isenabled(), "also after a compilation that failed"


def test_who_keeps_the_garbage_collector_off_finds_it_off_after_compiling():
    gc.disable()
    try:
        assert nb.njit(lambda value: value + 1)(1) == 2
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_kernel_gets_no_wrapper_for_callers_in_c_and_keeps_the_one_for_python():
    kernel = nb.njit(lambda values: values.sum())
    assert kernel(np.arange(4)) == 6
    names = kernel.inspect_llvm(kernel.signatures[0])
    assert "cpython" in names
    assert "cfunc" not in names
