"""What a WFS 2.0 says of itself: feature types, formats, paging; and what its refusals say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..registers.xml_parsing import parse_document
from ..source import SourceError

_WFS = "{http://www.opengis.net/wfs/2.0}"
_OWS = "{http://www.opengis.net/ows/1.1}"
_JSON_FORMATS = (
    "application/geo+json",
    "application/json",
    "geojson",
    "application/json; subtype=geojson",
    "json",
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """A service: what it has, what it can answer with, whether it answers page by page."""

    types: tuple[str, ...]
    formats: tuple[str, ...]
    paging: bool

    @property
    def json_format(self) -> str | None:
        """Its name for GeoJSON, None when it has none."""
        spelled = {each.lower(): each for each in self.formats}
        return next((spelled[each] for each in _JSON_FORMATS if each in spelled), None)

    def find_type(self, wanted: str | None, url: str) -> str:
        """The declared feature type, with or without its prefix, or the only one."""
        if wanted is None and len(self.types) == 1:
            return self.types[0]
        found = [each for each in self.types if wanted in (each, each.rpartition(":")[2])]
        if wanted is None or len(found) != 1:
            what = f"no feature type {wanted!r}" if wanted else f"{len(self.types)} feature types"
            listed = ", ".join(self.types[:30]) or "none"
            raise SourceError(f"{url} has {what}: set type to one of: {listed}")
        return found[0]


def read_capabilities(content: bytes, url: str) -> Capabilities:
    """Read the answer to GetCapabilities; SourceError when it is another document."""
    root = parse_document(content, url)
    refuse_exception(root, url)
    if root.tag != f"{_WFS}WFS_Capabilities":
        raise SourceError(f"{url} is no WFS 2.0: it answers {_local(root.tag)}")
    types = root.findall(f"{_WFS}FeatureTypeList/{_WFS}FeatureType/{_WFS}Name")
    formats = [
        value.text or ""
        for parameter in _get_feature(root) + root.findall(f"{_OWS}OperationsMetadata/{_OWS}Parameter")
        if parameter.get("name", "").lower() == "outputformat"
        for value in parameter.iter(f"{_OWS}Value")
    ]
    return Capabilities(tuple(_text(each) for each in types), tuple(formats), _constraint(root))


def refuse_exception(root: Any, url: str) -> None:
    """SourceError with the words of the service when it answers an exception report."""
    if _local(root.tag) in ("ExceptionReport", "ServiceExceptionReport"):
        words = " ".join(" ".join(root.itertext()).split())[:300]
        raise SourceError(f"{url} refuses: {words or 'no reason given'}")


def refuse_exception_in(path: Path, url: str) -> None:
    """As `refuse_exception`, for a page: only its beginning is looked at."""
    with path.open("rb") as file:
        head = file.read(4096)
    if b"ExceptionReport" in head and path.stat().st_size < 1_000_000:
        refuse_exception(parse_document(path.read_bytes(), url), url)


def _get_feature(root: Any) -> list[Any]:
    operations = root.findall(f"{_OWS}OperationsMetadata/{_OWS}Operation")
    return [
        each
        for operation in operations
        if operation.get("name") == "GetFeature"
        for each in operation.findall(f"{_OWS}Parameter")
    ]


def _constraint(root: Any) -> bool:
    for each in root.iter(f"{_OWS}Constraint"):
        if each.get("name") == "ImplementsResultPaging":
            return "TRUE" in "".join(each.itertext()).upper()
    return False


def _text(element: Any) -> str:
    return (element.text or "").strip()


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
