"""The output of the script as sections, built while it arrives, with limits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from scanners.ssh_script import LAST_SECTION


@dataclass(frozen=True, slots=True)
class Section:
    """What one command printed, without the marker lines, and how it ended."""

    text: str
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Sections that arrived to their end, by name; `is_whole` says whether the last one did."""

    sections: Mapping[str, Section] = field(default_factory=dict)
    is_whole: bool = False

    def text(self, name: str) -> str:
        """The section's text, empty where it is missing."""
        section = self.sections.get(name)
        return section.text if section else ""

    def succeeded(self, name: str) -> bool:
        """Whether the section is there and its command ended with status 0."""
        section = self.sections.get(name)
        return section is not None and section.status == 0


class ReportBuilder:
    """Takes bytes as they come; refuses more when it has had `max_bytes` or `max_lines`."""

    def __init__(self, mark: str, *, max_bytes: int, max_lines: int) -> None:
        self._mark = mark
        self._max_bytes = max_bytes
        self._max_lines = max_lines
        self._chunks: list[bytes] = []
        self._size = 0
        self._lines = 0

    def take(self, data: bytes) -> bool:
        """Keep the bytes; False when a limit is passed, and then nothing more should be sent."""
        self._size += len(data)
        self._lines += data.count(b"\n")
        if self._size > self._max_bytes or self._lines > self._max_lines:
            return False
        self._chunks.append(data)
        return True

    @property
    def is_silent(self) -> bool:
        """Whether nothing arrived at all."""
        return self._size == 0

    def report(self) -> Report:
        """The sections that are complete so far; cost linear in what arrived."""
        text = b"".join(self._chunks).decode("utf-8", "replace").replace("\0", "")
        marker = re.compile(rf"^{self._mark} ([a-z0-9-]+)(?: = (\d+))?\r?$", re.MULTILINE)
        sections: dict[str, Section] = {}
        name, start = "", 0
        for match in marker.finditer(text):
            if match.group(2) is None:
                name, start = match.group(1), match.end() + 1
            elif match.group(1) == name:
                # one line break before the closing marker is the script's
                sections.setdefault(name, Section(text[start : match.start() - 1], int(match.group(2))))
                name = ""
        is_whole = sections.pop(LAST_SECTION, None) is not None
        return Report(sections=sections, is_whole=is_whole)
