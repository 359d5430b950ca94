"""`cmdb import nmap`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

from cmdb.formats.batch import Intake
from cmdb.formats.options import check_options
from scanners.nmap_xml import read_nmap_drafts


class NmapParser:
    """The parser of nmap's XML output (`-oX`)."""

    def read(self, stream: BinaryIO, *, name: str, into: Intake, options: Mapping[str, str]) -> None:
        """See `read_nmap_drafts`."""
        check_options(options, (), format_name="nmap")
        read_nmap_drafts(stream, name=name, into=into)
