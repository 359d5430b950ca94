"""Read nmap's XML, from a file that somebody else wrote or from a running nmap.

Nothing of the document is ever fetched or expanded: an entity declaration refuses it, an external DOCTYPE stays where
it is (contract.md, *What a file may do to us*).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO
from xml.parsers import expat

from cmdb.errors import Invalid
from cmdb.formats.batch import Intake, Refused
from scanners.nmap_drafts import host_drafts
from scanners.nmap_elements import HostBuilder, is_host, read_root, whole_number
from scanners.nmap_report import HostReport, RunReport

MAX_DEPTH = 100
MAX_PROBLEMS = 1_000
_CHUNK_BYTES = 64 * 1024
_ROOT = "nmaprun"
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,40})["']""")
# what expat cannot decode by itself (it knows UTF-8, UTF-16 and every encoding of one byte a character)
_MULTI_BYTE = frozenset(
    {"big5", "big5hkscs", "cp932", "cp949", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk", "shift_jis"}
)
# expat.h, enum XML_Error: the input ended inside an element, a tag or comment, a character, a CDATA section
_ENDED_EARLY = frozenset({3, 5, 6, 20})


@dataclass(slots=True)
class ParsedNmap:
    """One document. `hosts` holds every closed host that can be right, up or down, in file order."""

    run: RunReport
    hosts: list[HostReport] = field(default_factory=list)
    problems: list[Refused] = field(default_factory=list)
    is_cut_off: bool = False

    @property
    def is_incomplete(self) -> bool:
        """Whether nothing may be concluded from what is absent: cut off, not ended, or ended with an error."""
        return self.is_cut_off or not self.run.is_complete


class NmapReader:
    """Feeds on bytes, hands on each host as it closes; raises `Invalid` with the place for a fault of form.

    Without `on_host` it only judges the form, and keeps nothing.
    """

    def __init__(
        self,
        name: str,
        on_host: Callable[[HostReport], None] | None = None,
        on_problem: Callable[[Refused], None] = lambda _problem: None,
    ) -> None:
        self.run = RunReport()
        self.closed_hosts = 0
        self._name = name
        self._on_host = on_host
        self._on_problem = on_problem
        self._depth = 0
        self._is_root_closed = False
        self._host: HostBuilder | None = None
        self._text: list[str] | None = None
        self._decoder: codecs.IncrementalDecoder | None = None
        self._parser: expat.XMLParserType | None = None

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._parse(data, is_final=False)

    def close(self) -> bool:
        """Take the end of the input; True when it ended before the root closed and after at least one host."""
        try:
            self._parse(b"", is_final=True)
        except _EndedEarly as early:
            if self.closed_hosts and not self._is_root_closed:
                return True
            raise Invalid(early.message, place=early.place) from None
        return False

    def _parse(self, data: bytes, *, is_final: bool) -> None:
        parser = self._parser
        if parser is None:
            if not data and is_final:
                raise Invalid("the input is empty; give nmap's output of -oX", place=self._name)
            parser = self._make_parser(data)
        try:
            parser.Parse(self._decoder.decode(data, is_final) if self._decoder else data, is_final)
        except UnicodeDecodeError as error:
            raise Invalid(
                f"the text is not in the encoding that it declares ({error.reason})", place=self._place()
            ) from None
        except LookupError:
            raise Invalid(
                "the document declares an encoding that nobody knows; save it as UTF-8", place=self._place()
            ) from None
        except expat.ExpatError as error:
            message = f"not well-formed XML ({expat.ErrorString(error.code)}); give the whole output of nmap -oX"
            place = f"{self._name}:{error.lineno}"
            if is_final and error.code in _ENDED_EARLY:
                raise _EndedEarly(message, place=place) from None
            raise Invalid(message, place=place) from None

    def _make_parser(self, first: bytes) -> expat.XMLParserType:
        declared = _DECLARED.match(first.lstrip()[:300])
        encoding = _codec_name(declared[1].decode("ascii")) if declared else None
        if encoding in _MULTI_BYTE:
            self._decoder = codecs.getincrementaldecoder(encoding)()
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.EntityDeclHandler = self._refuse_entity
        parser.ProcessingInstructionHandler = self._instruction
        self._parser = parser
        return parser

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        depth = self._depth
        self._depth = depth + 1
        if self._host is not None:
            if self._host.start(name, attributes, depth, self._line()):
                self._listen()
        elif depth == 0:
            if name != _ROOT:
                raise Invalid(
                    f"the root element is {name[:40]!r}, not {_ROOT!r}; give nmap's output of -oX", place=self._place()
                )
            self.run = read_root(attributes)
        elif self._on_host is not None and is_host(name, depth):
            self._host = HostBuilder(attributes, self._line(), self._fault)
        elif name == "finished":
            self.run.finished = whole_number(attributes.get("time"))
            self.run.exit = attributes.get("exit")
            self.run.error = attributes.get("errormsg")
        if depth >= MAX_DEPTH:
            raise Invalid(f"elements are nested deeper than {MAX_DEPTH}", place=self._place())

    def _end(self, name: str) -> None:
        depth = self._depth = self._depth - 1
        if self._host is not None:
            if is_host(name, depth):
                self._close_host(self._host)
            else:
                self._host.end(name, "".join(self._text or ()), depth, self._line())
                if self._text is not None:
                    self._deafen()
        elif depth == 0:
            self._is_root_closed = True
        elif is_host(name, depth):
            self.closed_hosts += 1

    def _close_host(self, builder: HostBuilder) -> None:
        self._host = None
        self.closed_hosts += 1
        host = builder.finish()
        if host is not None and self._on_host is not None:
            self._on_host(host)

    def _listen(self) -> None:
        self._text = []
        if self._parser is not None:
            self._parser.CharacterDataHandler = self._text.append

    def _deafen(self) -> None:
        self._text = None
        if self._parser is not None:
            self._parser.CharacterDataHandler = None

    def _refuse_entity(self, *_declaration: object) -> None:
        raise Invalid(
            "the document declares entities, which nmap never does; it is refused unread", place=self._place()
        )

    def _instruction(self, target: str, _data: str) -> None:
        if self._is_root_closed:
            raise Invalid(f"{target[:40]!r} stands after the root element; only comments may", place=self._place())

    def _fault(self, line: int, address: str | None, message: str) -> None:
        self._on_problem(Refused(line, address, message))

    def _line(self) -> int:
        return self._parser.CurrentLineNumber if self._parser is not None else 1

    def _place(self) -> str:
        return f"{self._name}:{self._line()}"


class _EndedEarly(Invalid):
    pass


def read_nmap_xml(stream: BinaryIO, *, name: str) -> ParsedNmap:
    """The whole document, read to its end before anything is kept; `stream` must be seekable (spool a pipe first).

    Faults of one host or port are in `problems`, the first 1,000 of them, and leave the rest standing. Raises `Invalid`
    with file and line for a fault of form or encoding, an entity declaration, another root, or anything after the root.
    """
    parsed = _check_form(stream, name)
    reader = NmapReader(name, parsed.hosts.append, lambda problem: _keep(parsed.problems, problem))
    for chunk in _chunks(stream):
        reader.feed(chunk)
    return parsed


def _check_form(stream: BinaryIO, name: str) -> ParsedNmap:
    """A first pass that keeps nothing: what is refused at its last byte must not have cost memory."""
    check = NmapReader(name)
    for chunk in _chunks(stream):
        check.feed(chunk)
    is_cut_off = check.close()
    stream.seek(0)
    return ParsedNmap(check.run, is_cut_off=is_cut_off)


def read_nmap_drafts(stream: BinaryIO, *, name: str, into: Intake) -> None:
    """The document as drafts to land, host by host; `stream` must be seekable. Raises as `read_nmap_xml`.

    No scope is claimed: a file does not say what was known before and would have to be probed again.
    """
    is_cut_off = _check_form(stream, name).is_cut_off
    names: set[str] = set()
    problems = 0

    def take(host: HostReport) -> None:
        if not host.is_up or host.address is None:
            return
        local_id = host.address if host.address not in names else f"{host.address}#{len(names) + 1}"
        names.add(local_id)
        for draft in host_drafts(host, local_id=local_id):
            into.draft(draft)

    def refuse(problem: Refused) -> None:
        nonlocal problems
        problems += 1
        if problems <= MAX_PROBLEMS:
            into.refuse(problem)

    reader = NmapReader(name, take, refuse)
    for chunk in _chunks(stream):
        reader.feed(chunk)
    if is_cut_off:
        into.warn(f"{name}: the run is incomplete: the input ends inside a host; what was closed before is kept")
    elif not reader.run.is_complete:
        into.warn(f"{name}: the run is incomplete: nmap ended with {reader.run.exit or 'no closing line'}")
    if is_cut_off or not reader.run.is_complete:
        into.cut_off()


def read_host(host: bytes) -> HostReport | None:
    """One host element by itself; None when it has no possible address. Raises `Invalid`."""
    found: list[HostReport] = []
    reader = NmapReader("nmap", found.append)
    for part in (f"<{_ROOT}>".encode(), host, f"</{_ROOT}>".encode()):
        reader.feed(part)
    reader.close()
    return found[0] if found else None


def _keep(problems: list[Refused], problem: Refused) -> None:
    if len(problems) < MAX_PROBLEMS:
        problems.append(problem)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK_BYTES):
        yield chunk


def _codec_name(name: str) -> str | None:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None
