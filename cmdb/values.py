"""The values that attributes hold: JSON, read-only by convention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Scalar = str | int | float | bool | None
Value = Scalar | Sequence["Value"] | Mapping[str, "Value"]
Attributes = Mapping[str, Value]
