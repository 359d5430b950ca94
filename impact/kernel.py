"""The loops of impact/kernel_pure.py, compiled by numba; the only module that imports it.

Signatures are explicit, so that each loop is compiled once, and the machine code is kept on disk: beside the source,
else in the user's cache, else nowhere (a read-only system without a home compiles anew in each process).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit, types

from impact import kernel_pure


def _array(scalar: Any, *, readonly: bool = True) -> Any:
    return types.Array(scalar, 1, "C", readonly=readonly)


def _out(scalar: Any) -> Any:
    return _array(scalar, readonly=False)


_I4, _I8, _U1, _U2, _U4, _F8 = types.int32, types.int64, types.uint8, types.uint16, types.uint32, types.float64

_PROPAGATE = types.UniTuple(_I8, 3)(  # type: ignore[no-untyped-call]
    _array(_I4),
    _array(_I4),
    _array(_I4),
    _array(_U2),
    _array(_U4),
    _array(_U1),
    _array(_U1),
    _array(_I4),
    _array(_I4),
    _array(_I4),
    _I8,
    _out(_I4),
    _out(_I4),
    _out(_I4),
    _out(_U1),
    _out(_I4),
)
_EXPLAIN = _I8(
    _array(_I4),
    _array(_I4),
    _array(_I4),
    _array(_U2),
    _array(_U4),
    _array(_I8),
    _array(_U1),
    _array(_F8),
    _array(_I4),
    _array(_I4),
    _array(_I4),
    _I8,
    _out(_I4),
    _out(_I4),
    _out(_I4),
    _out(_U1),
    _out(_I4),
    _out(_I4),
    _out(_I4),
    _out(_I4),
    _out(_F8),
    _out(_I8),
)


def _compile(signature: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    compiled: Callable[..., Any]
    try:
        compiled = njit(signature, cache=True, nogil=True)(function)
    except RuntimeError:
        # numba says "no locator available" where it may write no cache
        compiled = njit(signature, nogil=True)(function)
    return compiled


propagate = _compile(_PROPAGATE, kernel_pure.propagate)
explain = _compile(_EXPLAIN, kernel_pure.explain)
