"""`cmdb import nmap`."""

from __future__ import annotations

from typing import BinaryIO

from cmdb.formats.batch import Batch
from scanners.nmap_xml import read_nmap_batch


class NmapParser:
    """The parser of nmap's XML output (`-oX`)."""

    def read(self, stream: BinaryIO, *, name: str) -> Batch:
        """See `read_nmap_batch`."""
        return read_nmap_batch(stream, name=name)
