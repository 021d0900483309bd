"""`ruian`: the Czech register of addresses and buildings, by its exchange format (VFR) or its address tables.

The exchange format holds an address as codes of a street and of a building; names are put in from what was
read before. State files (OB_UZSZ, ST_UZSZ) hold everything, change files (ST_ZZSZ, one a day) what changed.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from ..geo.shapes import ShapePlan
from ..harvest import Harvest, Unchanged
from ..inputs import fetch
from ..mapping import MappingFile
from ..source import SourceError, Surroundings
from .declared import ChangeMark, ElementKind, Register, at, way_of
from .documents import Deleted, DocumentReader, Element, RegisterDocument
from .ruian_table import is_table, read_table
from .source import APPLIED, RegisterSource

NAMES = "names"
MAX_DAYS = 62
QUIET_DAYS = 5  # Easter
_KINDS = {
    "municipalities": ElementKind(way_of("Data/Obce/Obec"), "OB.{Kod}"),
    "parts": ElementKind(way_of("Data/CastiObci/CastObce"), "CO.{Kod}"),
    "streets": ElementKind(way_of("Data/Ulice/Ulice"), "UL.{Kod}"),
    "buildings": ElementKind(way_of("Data/StavebniObjekty/StavebniObjekt"), "SO.{Kod}"),
    "addresses": ElementKind(way_of("Data/AdresniMista/AdresniMisto"), "AD.{Kod}"),
}
_GROUPS = {kind.name: group for group, kind in _KINDS.items()}
REGISTER = Register(
    tuple(_KINDS.values()),
    (ElementKind(way_of("Data/ZaniklePrvky/ZaniklyPrvek"), "{TypPrvkuKod}.{PrvekId}"),),
    way_of("Hlavicka"),
    ChangeMark("TypDavky", ("Prirustek", "Prirustkova")),
    "TransakceDo.Id",
    "PredchoziSoubor",
    ("Geometrie.OriginalniHranice", "Geometrie.DefinicniBod.AdresniBod", "Geometrie.DefinicniBod"),
)
USUAL = ("addresses", "buildings")


class RuianSource(RegisterSource):
    """Addresses and buildings of one or several municipalities, and what else is asked for."""

    def __init__(self, file: MappingFile, surroundings: Surroundings) -> None:
        super().__init__(file, surroundings)
        self._groups = frozenset(self.options.get("elements", USUAL))
        self._municipalities = frozenset(str(each) for each in self.options.get("municipality", ()))

    def declared(self) -> Register:
        """The exchange format as it is published."""
        return REGISTER

    async def files(self, run: Harvest) -> list[Path]:
        """The files in the folder; or the state file, and with `changes` one file for each day since."""
        if "changes" not in self.options:
            return await super().files(run)
        applied = run.watermark(APPLIED)
        found = []
        if applied is None:
            found.append(await fetch(run, dated(self.options["url"], datetime.now(UTC).date())))
        found += await self._days(run, _first_day(applied, found))
        if not found:
            raise Unchanged
        return found

    async def _days(self, run: Harvest, day: date) -> list[Path]:
        """Change files until yesterday. A lost one shows itself: the next one names its predecessor."""
        today = datetime.now(UTC).date()
        if (today - day).days > MAX_DAYS:
            raise SourceError(
                f"the last change file is older than {MAX_DAYS} days: start over with a full run"
            )
        found, failures = [], []
        while day < today:
            try:
                found.append(await fetch(run, dated(self.options["changes"], day)))
            except SourceError as error:
                failures.append(error)  # there is none for a day without changes
            day += timedelta(days=1)
        if not found and len(failures) > QUIET_DAYS:
            raise failures[-1]
        return found

    def describe(self, path: Path, name: str) -> RegisterDocument:
        """What the header says; a table has none and holds everything."""
        return RegisterDocument(path, name) if is_table(path) else super().describe(path, name)

    def reader(self, run: Harvest, whole: bool) -> DocumentReader:
        """A reader that knows the names read before."""
        kept = None if whole else run.watermark(NAMES)
        return RuianReader(self.plan, self._groups, self._municipalities, kept)

    def finish(self, run: Harvest, reader: DocumentReader) -> None:
        """Change files refer to streets and buildings that they do not hold."""
        assert isinstance(reader, RuianReader)
        run.advance(NAMES, reader.names)


class RuianReader(DocumentReader):
    """Puts names into addresses and buildings, and drops those of other municipalities."""

    def __init__(
        self,
        plan: ShapePlan,
        groups: frozenset[str],
        municipalities: frozenset[str],
        names: dict[str, dict[Any, Any]] | None,
    ) -> None:
        super().__init__(REGISTER, plan)
        self._groups = groups
        self._municipalities = municipalities
        self.names: dict[str, dict[Any, Any]] = names or {
            "municipalities": {},
            "parts": {},
            "streets": {},
            "buildings": {},
        }

    def elements(self, document: RegisterDocument) -> Generator[Element | Deleted]:
        """Elements of the exchange format, or rows of an address table under the same names."""
        if not is_table(document.path):
            yield from super().elements(document)
            return
        for line, row in read_table(document.path, document.name):
            key = _KINDS["addresses"].key_of(row)
            yield Element(_KINDS["addresses"], key, row, f"{document.name}:{line}")

    def complete(self, element: Element) -> dict[str, Any] | None:
        """The fields with names and codes of what the element belongs to."""
        group, fields = _GROUPS[element.kind.name], element.data
        code = fields.get("Kod")
        belongs = self._belongs(group, fields)
        municipality = belongs.get("KodObce")
        if self._municipalities and municipality not in self._municipalities:
            return None
        if isinstance(code, str):
            self._remember(group, code, fields, belongs)
        return {**belongs, **fields} if group in self._groups else None

    def _belongs(self, group: str, fields: dict[str, Any]) -> dict[str, str]:
        building = at(fields, "StavebniObjekt.Kod")
        street = at(fields, "Ulice.Kod")
        part = at(fields, "CastObce.Kod") or self.names["buildings"].get(building)
        municipality = at(fields, "Obec.Kod") or self._municipality_of(part, street)
        if group == "municipalities":
            municipality = fields.get("Kod")
        found = {
            "KodObce": municipality,
            "NazevObce": self.names["municipalities"].get(municipality),
            "KodCastiObce": part,
            "NazevCastiObce": self.names["parts"].get(part, (None,))[0],
            "NazevUlice": self.names["streets"].get(street, (None,))[0],
        }
        given = {"KodObce": fields["KodObce"]} if "KodObce" in fields else {}
        return {name: value for name, value in {**found, **given}.items() if value is not None}

    def _municipality_of(self, part: str | None, street: str | None) -> str | None:
        by_part: str | None = self.names["parts"].get(part, (None, None))[1]
        by_street: str | None = self.names["streets"].get(street, (None, None))[1]
        return by_part or by_street

    def _remember(self, group: str, code: str, fields: dict[str, Any], belongs: dict[str, str]) -> None:
        match group:
            case "municipalities":
                self.names[group][code] = fields.get("Nazev")
            case "parts" | "streets":
                self.names[group][code] = [fields.get("Nazev"), belongs.get("KodObce")]
            case "buildings" if "KodCastiObce" in belongs:
                self.names[group][code] = belongs["KodCastiObce"]


def dated(template: str, day: date) -> str:
    """The URL for a day: `{date}` as 20260131, `{month_end}` the last day of the month before."""
    month_end = day.replace(day=1) - timedelta(days=1)
    return template.replace("{date}", f"{day:%Y%m%d}").replace("{month_end}", f"{month_end:%Y%m%d}")


def _first_day(applied: Any, states: list[Path]) -> date:
    """The day after what was applied last, by the names of the files: they begin with their day."""
    name = applied[1] if applied and applied[1] else states[0].name if states else ""
    try:
        return datetime.strptime(name[:8], "%Y%m%d").replace(tzinfo=UTC).date() + timedelta(days=1)
    except ValueError as error:
        raise SourceError(f"{name!r} does not begin with a date: changes cannot be followed") from error
