"""The values that attributes hold: JSON, read-only by convention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

Scalar = str | int | float | bool | None
if TYPE_CHECKING:
    Value = Scalar | Sequence["Value"] | Mapping[str, "Value"]
else:
    # msgspec cannot resolve a recursive alias; at run time any JSON value passes, which is what the alias says
    Value = Any
Attributes = Mapping[str, Value]
