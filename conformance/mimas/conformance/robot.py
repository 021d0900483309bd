"""Reads the output.xml of Robot Framework, as the public NGSI-LD test suite writes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, iterparse


class RobotError(Exception):
    """The file is no output of Robot Framework."""


@dataclass(frozen=True, slots=True)
class RobotTest:
    """One test: the suites it is in from the outermost, and PASS, FAIL or SKIP."""

    name: str
    suites: tuple[str, ...]
    status: str
    tags: tuple[str, ...]
    message: str

    @property
    def group(self) -> str:
        """The suite that a summary counts it under: the two below the outermost."""
        return "/".join(self.suites[1:3]) or "/".join(self.suites)


@dataclass(frozen=True, slots=True)
class RobotOutput:
    """All tests of a run. `generator` and `generated` are what the file says of itself."""

    generator: str
    generated: str
    tests: tuple[RobotTest, ...]


def read_robot_output(path: Path) -> RobotOutput:
    """The tests of an output.xml; of any size, as keywords are dropped while it is read."""
    try:
        events = iterparse(path, events=("start", "end"))  # noqa: S314  # expat limits entity expansion
        _, root = next(events)
        if root.tag != "robot":
            raise RobotError(f"{path.name} is no output of Robot Framework: its root is {root.tag}.")
        tests = tuple(_tests(events))
    except (ParseError, OSError, StopIteration) as error:
        raise RobotError(f"{path.name} cannot be read as XML: {error}") from error
    return RobotOutput(root.get("generator", ""), root.get("generated", ""), tests)


def _tests(events: Iterator[tuple[str, Element]]) -> Iterator[RobotTest]:
    suites: list[str] = []
    for event, element in events:
        if element.tag == "suite":
            if event == "start":
                suites.append(element.get("name", ""))
            else:
                suites.pop()
                element.clear()
        elif event == "end" and element.tag == "test":
            yield _test(element, suites)
            element.clear()
        elif event == "end" and element.tag in ("kw", "for", "if", "try", "while"):
            element.clear()


def _test(element: Element, suites: list[str]) -> RobotTest:
    status = element.find("status")
    return RobotTest(
        name=element.get("name", ""),
        suites=tuple(suites),
        status=status.get("status", "FAIL") if status is not None else "FAIL",
        tags=tuple(tag.text or "" for tag in element.iter("tag")),
        message=(status.text or "").strip()[:500] if status is not None else "",
    )
