"""The WFS under check: its capabilities, its feature types, their features."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from ...answer import Answer
from ...geodata.features import Feature
from ...geodata.gml import Element, features_of, local
from ...identity import parse_xml
from ...probe import Probe
from ...verdicts import Failure, NotApplicable, NotTested
from ..declaration import Level, Needs, check

STANDARD = "OGC 09-025r2"
WFS_2 = "http://www.opengis.net/wfs/2.0"
WFS_1 = "http://www.opengis.net/wfs"
GML_TYPES = ("application/gml+xml", "text/xml", "application/xml")
MOST_TYPES = 3
PAGE = 1_000


def wfs(
    name: str,
    requirement: str | Iterable[str],
    clause: str,
    *,
    level: Level = "MUST",
    needs: Iterable[Needs] = (),
) -> Callable[[Callable[[Wfs], None]], Callable[[Wfs], None]]:
    """Declare a check of WFS."""

    def declare(function: Callable[[Wfs], None]) -> Callable[[Wfs], None]:
        @functools.wraps(function)
        def run(probe: Probe) -> None:
            function(Wfs(probe))

        check(
            f"WFS.{name}", requirement=requirement, mechanism="wfs", level=level, clause=clause, needs=needs
        )(run)
        return function

    return declare


@dataclass(frozen=True, slots=True)
class FeatureType:
    """One feature type of the capabilities. `systems` are its default and its other reference systems."""

    name: str
    systems: tuple[str, ...]
    formats: tuple[str, ...]

    @property
    def local_name(self) -> str:
        """Its name without the prefix."""
        return self.name.rpartition(":")[2]


class Wfs:
    """One check's view of the service."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    def ask(self, parameters: dict[str, str | int], *, fresh: bool = False) -> Answer:
        """One request in KVP encoding, whatever the status."""
        base = self.probe.interface.url
        query = urlencode(parameters, safe=":,/")
        read = self.probe.get if fresh else self.probe.read
        return read(f"{base}{'&' if '?' in base else '?'}{query}")

    def request(self, name: str, **parameters: str | int) -> Answer:
        """A request of the version that the service answers with."""
        return self.ask({"service": "WFS", "version": self.version, "request": name, **parameters})

    # -- what it says of itself

    @functools.cached_property
    def capabilities(self) -> Element:
        """The capabilities; a root that is none is Failure."""
        answer = self.ask(
            {"service": "WFS", "request": "GetCapabilities", "acceptVersions": "2.0.0,1.1.0"}
        ).expect(200)
        root = parse_xml(answer)
        if root.tag not in (f"{{{WFS_2}}}WFS_Capabilities", f"{{{WFS_1}}}WFS_Capabilities"):
            raise Failure(
                f"{answer}, but the root is {root.tag!r} and not WFS_Capabilities.",
                mend="Answer GetCapabilities with wfs:WFS_Capabilities.",
            )
        return root

    @property
    def version(self) -> str:
        """The version of the capabilities."""
        return self.capabilities.get("version") or "2.0.0"

    @property
    def is_2(self) -> bool:
        """Whether it speaks WFS 2.0."""
        return self.version.startswith("2.")

    def needs_2(self) -> None:
        """NotApplicable for older versions, which have other rules."""
        if not self.is_2:
            raise NotApplicable(f"The service speaks WFS {self.version}; this is a rule of 2.0.")

    def implements(self, constraint: str) -> bool:
        """Whether a constraint such as ImplementsResultPaging is declared TRUE."""
        for each in self.capabilities.iter():
            if local(each) == "Constraint" and each.get("name") == constraint:
                value = next((child.text for child in each if local(child) == "DefaultValue"), None)
                return (value or "").strip().upper() == "TRUE"
        return False

    def types(self) -> list[FeatureType]:
        """The feature types to look at: those of the option `types`, or the first three."""
        found = [_type(each) for each in self.capabilities.iter() if local(each) == "FeatureType"]
        wanted = self.probe.option("types") or []
        chosen = [each for each in found if each.name and (not wanted or each.name in wanted)]
        if not chosen:
            raise NotTested("The capabilities list no feature type to look at.")
        return chosen[:MOST_TYPES]

    # -- features

    def features(self, kind: FeatureType, **parameters: str | int) -> list[Feature]:
        """Features of a type; `fresh` and paging are the caller's."""
        return list(features_of(self.collection(kind, **parameters)))

    def collection(self, kind: FeatureType, **parameters: str | int) -> Element:
        """The FeatureCollection that GetFeature brings; anything else is Failure."""
        answer = self.get_feature(kind, **parameters).expect(200)
        root = parse_xml(answer)
        if local(root) != "FeatureCollection":
            raise Failure(
                f"{answer} with {local(root)}: {_words(root)!r} instead of a FeatureCollection.",
                mend="Answer GetFeature with the features.",
            )
        return root

    def get_feature(self, kind: FeatureType, **parameters: str | int) -> Answer:
        """GetFeature of one type, in the words of the version."""
        names = {"typeNames" if self.is_2 else "typeName": kind.name}
        count = parameters.pop("count", PAGE)
        limit = {"count" if self.is_2 else "maxFeatures": count}
        return self.request("GetFeature", **names, **limit, **parameters)

    def harvests(self, **parameters: str | int) -> list[tuple[FeatureType, list[Feature]]]:
        """Up to 1000 features of each type that has some; NotTested where none has."""
        found = [(each, self.features(each, **parameters)) for each in self.types()]
        filled = [each for each in found if each[1]]
        if not filled:
            raise NotTested("The feature types hold no feature to look at.")
        return filled

    def refused(self, answer: Answer, *codes: str) -> None:
        """An exception report with one of these codes; one with the status 200 is against WFS 2.0."""
        if answer.status >= 500:
            raise Failure(f"{answer}: a mistake of the caller is not the server's.", mend="Answer 400.")
        root = parse_xml(answer)
        if local(root) != "ExceptionReport":
            raise Failure(
                f"{answer} with {local(root)} instead of an ows:ExceptionReport.",
                mend=f"Refuse it with {' or '.join(codes)}.",
            )
        found = [each.get("exceptionCode") for each in root.iter() if local(each) == "Exception"]
        if not set(codes) & set(found):
            raise Failure(f"{answer} with the exception code {found}, expected {' or '.join(codes)}.")
        if answer.status == 200 and self.is_2:
            raise Failure(f"{answer} with an exception report.", mend="Send the status 400 with it.")


def _type(element: Element) -> FeatureType:
    texts = [(local(each), (each.text or "").strip()) for each in element.iter()]
    systems = ("DefaultCRS", "OtherCRS", "DefaultSRS", "OtherSRS")
    return FeatureType(
        name=next((text for name, text in texts if name == "Name"), ""),
        systems=tuple(text for name, text in texts if name in systems),
        formats=tuple(text for name, text in texts if name == "Format"),
    )


def _words(root: Element) -> str:
    return " ".join("".join(root.itertext()).split())[:160]
