"""What a person may tell a parser beside the input."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from cmdb.errors import Invalid


def check_options(options: Mapping[str, str], known: Collection[str], *, format_name: str) -> None:
    """Raises `Invalid`, naming those that the format knows, when an option is none of them."""
    unknown = sorted(set(options) - set(known))
    if unknown:
        knows = f"the options {', '.join(sorted(known))}" if known else "no options"
        raise Invalid(f"{format_name} has no option {unknown[0][:80]!r}; it has {knows}")


def read_options(pairs: Iterable[str]) -> dict[str, str]:
    """Options from `KEY=VALUE` texts, the last of a key counting; raises `Invalid` for any other text."""
    options: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise Invalid(f"the option {pair[:80]!r} is not KEY=VALUE")
        options[key.strip()] = value
    return options
