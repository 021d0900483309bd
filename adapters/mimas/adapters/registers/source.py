"""`xml`: a register as XML documents, state and change files, by declaration."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from ..archives import unpack
from ..background import in_background
from ..geo.feature_source import FeatureSource, Found
from ..harvest import Harvest, Unchanged
from ..inputs import input_files, require_one_input
from ..mapping import MappingFile
from ..source import SourceError, Surroundings
from .declared import Register, compile_register
from .documents import Deleted, DocumentReader, Element, RegisterDocument, describe

STATES = "states"
APPLIED = "applied"


class RegisterSource(FeatureSource):
    """Everything in the state files with the changes of later files; afterwards those changes alone."""

    def __init__(self, file: MappingFile, surroundings: Surroundings) -> None:
        super().__init__(file, surroundings)
        require_one_input(file, self.options)
        self.register = self.declared()

    def declared(self) -> Register:
        """What the options say about the documents."""
        return compile_register(self.options)

    async def records(self, run: Harvest) -> AsyncIterator[Found]:
        """The register as it is now, or what was changed since the last run."""
        paths = await self.files(run)
        async with aclosing(in_background(lambda: self._read(paths, run))) as batches:
            async for batch in batches:
                for found in batch:
                    yield found

    async def files(self, run: Harvest) -> list[Path]:
        """The files there are, fetched where they are behind a URL."""
        return await input_files(self.file, self.options, run)

    def reader(self, run: Harvest, whole: bool) -> DocumentReader:
        """What reads the documents of this run."""
        return DocumentReader(self.register, self.plan)

    def finish(self, run: Harvest, reader: DocumentReader) -> None:
        """Everything was read: the place to keep what later runs need."""

    def describe(self, path: Path, name: str) -> RegisterDocument:
        """What the header of a document says."""
        return describe(path, name, self.register)

    def _read(self, paths: Sequence[Path], run: Harvest) -> Generator[list[Found]]:
        documents = [
            self.describe(unpacked, unpacked.name) for path in paths for unpacked in unpack(path, run.folder)
        ]
        if not documents:
            raise SourceError(f"{self.options.get('path')} holds no file: see path and name of the source")
        states = [each for each in documents if not each.is_change]
        digests = {each.name: _digest(each.path) for each in states}
        whole = bool(states) and run.watermark(STATES) != digests
        begin = max((each.order for each in states if each.order is not None), default=None)
        applied = begin if whole else run.watermark(APPLIED)
        changes = _after([each for each in documents if each.is_change], _order_of(applied))
        if not whole and not changes:
            raise Unchanged
        _require_chain(changes, _name_of(applied))
        reader = self.reader(run, whole)
        yield from self._apply(states if whole else [], changes, reader, run)
        if changes:
            run.advance(APPLIED, [changes[-1].order, changes[-1].name])
        elif whole:
            run.advance(APPLIED, [begin, None])
        if states:
            run.advance(STATES, digests)
        self.finish(run, reader)

    def _rank(self, element: Element) -> int:
        """Kinds in the order of their declaration: streets before the addresses that refer to them."""
        return self.register.records.index(element.kind)

    def _apply(
        self,
        states: Sequence[RegisterDocument],
        changes: Sequence[RegisterDocument],
        reader: DocumentReader,
        run: Harvest,
    ) -> Generator[list[Found]]:
        newest, deleted = _last_words(reader, changes)
        skipped = newest.keys() | deleted
        for state in states:
            yield from reader.records(reader.elements(state), skipped)
        later = sorted(newest.values(), key=self._rank)
        yield from reader.records(later)
        if not states:
            run.partial()
            for key in deleted:
                run.gone(key)


def _last_words(
    reader: DocumentReader, changes: Sequence[RegisterDocument]
) -> tuple[dict[str, Element], set[str]]:
    """What the change files say at last of each key: its newest element, or that it is gone."""
    newest: dict[str, Element] = {}
    deleted: set[str] = set()
    for document in changes:
        for found in reader.elements(document):
            if isinstance(found, Deleted):
                newest.pop(found.key, None)
                deleted.add(found.key)
                continue
            key = found.key or found.place
            newest.pop(key, None)
            deleted.discard(key)
            newest[key] = found
    return newest, deleted


def _after(changes: list[RegisterDocument], begin: Any) -> list[RegisterDocument]:
    """The change files later than what was applied, in their order."""
    unordered = [each.name for each in changes if each.order is None]
    if unordered:
        raise SourceError(
            f"{unordered[0]} does not say where in the order of changes it belongs: see changes.order"
        )
    later = [each for each in changes if begin is None or _order(each) > begin]
    return sorted(later, key=_order)


def _order(document: RegisterDocument) -> Any:
    return document.order


def _require_chain(changes: Sequence[RegisterDocument], last: str | None) -> None:
    """A change file that names another predecessor than the one before it: files between them are missing."""
    for change in changes:
        if change.previous is not None and last is not None and not _same(change.previous, last):
            raise SourceError(
                f"{change.name} comes after {change.previous}, but {last} was the last one: "
                "add the missing files, or a new state file"
            )
        last = change.name


def _same(one: str, other: str) -> bool:
    """Whether two names are those of one file, packed or not."""
    return one.partition(".")[0] == other.partition(".")[0]


def _order_of(applied: Any) -> Any:
    return applied[0] if isinstance(applied, list) else applied


def _name_of(applied: Any) -> str | None:
    return applied[1] if isinstance(applied, list) else None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
