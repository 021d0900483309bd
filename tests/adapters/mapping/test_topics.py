"""Topic and file name patterns."""

from __future__ import annotations

import pytest

from mimas.adapters.mapping.problems import MappingProblem
from mimas.adapters.mapping.topics import compile_file_name, compile_topic, compile_topics


@pytest.mark.parametrize(
    ("pattern", "filter_", "topic", "variables"),
    [
        ("meters/{b}/{m}", "meters/+/+", "meters/b58/e", {"b": "b58", "m": "e"}),
        ("meters/{b}/{m}", "meters/+/+", "meters/b58", None),
        ("meters/{b}/{m}", "meters/+/+", "meters/b58/e/x", None),
        ("meters/{b}/{m}", "meters/+/+", "other/b58/e", None),
        ("/json/{k}/{d}/attrs", "/json/+/+/attrs", "/json/key/dev/attrs", {"k": "key", "d": "dev"}),
        ("a/+/{x}", "a/+/+", "a/1/2", {"x": "2"}),
        ("a/{x}/#", "a/+/#", "a/1/2/3", {"x": "1"}),
        ("a/{x}/#", "a/+/#", "a/1", {"x": "1"}),
        ("$share/g/a/{x}", "$share/g/a/+", "a/1", {"x": "1"}),
        ("a/{x}", "a/+", "a/", {"x": ""}),
    ],
)
def test_topic_pattern(pattern: str, filter_: str, topic: str, variables: dict[str, str] | None) -> None:
    """A pattern is a filter and names the levels of the topics that fit."""
    compiled = compile_topic(pattern, ())

    assert (compiled.filter, compiled.match(topic)) == (filter_, variables)


def test_several_topic_patterns() -> None:
    """A source may listen to several patterns; the first that fits names the levels."""
    compiled = compile_topics(["tele/{device}/SENSOR", "tele/{other}/+"], ())

    assert compiled.filters == ["tele/+/SENSOR", "tele/+/+"]
    assert compiled.match("tele/a/SENSOR") == {"device": "a"}
    assert compiled.match("tele/a/STATE") == {"other": "a"}
    assert compiled.match("stat/a/STATE") is None


@pytest.mark.parametrize("pattern", ["a/{x}y", "a/{}", "a/#/b", "a/b+", "{x}/{x}", "a/{1}"])
def test_wrong_topic_pattern(pattern: str) -> None:
    """A level is text, +, {name}, or # at the end."""
    with pytest.raises(MappingProblem):
        compile_topic(pattern, ())


@pytest.mark.parametrize(
    ("pattern", "place", "variables"),
    [
        ("{b}-{m}.csv", "b58-e.csv:7", {"b": "b58", "m": "e"}),
        ("{b}-{m}.csv", "folder/b58-e.csv", {"b": "b58", "m": "e"}),
        ("*.csv", "x.csv:1", {}),
        ("*.csv", "x.txt:1", None),
    ],
)
def test_file_name_pattern(pattern: str, place: str, variables: dict[str, str] | None) -> None:
    """The parts of a file name have names too."""
    assert compile_file_name(pattern, ()).match(place) == variables
