"""XML that a stranger wrote: a tree within bounds, or refused with the place (contract.md, *What a file may do to us*).

Nothing is expanded or fetched: an entity declaration refuses the document, an external DOCTYPE stays where it is, and XInclude is
but an element.
"""

from __future__ import annotations

from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from cmdb.errors import Invalid

MAX_DEPTH = 100
MAX_BYTES = 100_000_000
"""The largest file that is one tree, and so is held in memory."""
MAX_ELEMENTS = 500_000
LEAST_BYTES_EACH = 12
"""More elements than this refuse the input, if they take fewer bytes each: in memory they take many times that."""


def read_xml(stream: BinaryIO, *, name: str) -> Element:
    """The root of the document; raises `Invalid` for one over 100 MB, not well-formed, with entities, deeper than 100,
    of hardly anything but tags, or in an encoding that nobody knows. `stream` must be seekable.
    """
    start = stream.tell()
    size = stream.seek(0, 2) - start
    stream.seek(start)
    if size > MAX_BYTES:
        raise Invalid(f"larger than {MAX_BYTES // 1_000_000} MB; split it", place=name)
    root: Element | None = None
    depth = elements = 0
    try:
        for event, element in iterparse(stream, events=("start", "end"), forbid_entities=True, forbid_external=True):
            if event == "end":
                depth -= 1
                continue
            root = element if root is None else root
            depth += 1
            elements += 1
            if depth > MAX_DEPTH:
                raise Invalid(f"elements are nested deeper than {MAX_DEPTH}", place=name)
            if elements > MAX_ELEMENTS and elements * LEAST_BYTES_EACH > size:
                raise Invalid(
                    f"more than {MAX_ELEMENTS} elements with hardly anything in them; split the file", place=name
                )
    except DefusedXmlException as error:
        raise Invalid("the document declares entities; it is refused unread", place=name) from error
    except ParseError as error:
        line = error.position[0]
        raise Invalid(f"not well-formed XML ({str(error).partition(':')[0]})", place=f"{name}:{line}") from error
    except (ValueError, LookupError) as error:
        raise Invalid("the document declares an encoding that cannot be read; save it as UTF-8", place=name) from error
    if root is None:
        raise Invalid("the file is empty", place=name)
    return root


def local_name(element: Element) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def text_of(element: Element | None) -> str | None:
    """The text directly inside an element, without outer blanks; None when there is none."""
    if element is None or element.text is None:
        return None
    return element.text.strip() or None
