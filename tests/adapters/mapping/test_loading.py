"""Mapping files: mistakes are told at once with line, place and how to mend them; `use` builds on another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from mimas.adapters.mapping import MappingError, MappingFile, load_mapping, mapping_schema, shipped_mappings

Load = Callable[[str], MappingFile]

MINIMAL = """\
entities:
  e:
    type: T
    id: urn:x:{a}
    attributes: {v: v}
"""


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("entitys: {}\n", 1, "did you mean entities?"),
        (MINIMAL + "    attribute: {}\n", 6, "did you mean attributes?"),
        (MINIMAL + "payload:\n  format: xml\n", 7, "'xml' is not known"),
        (MINIMAL + "let:\n  a: a..b\n", 7, "is not a path"),
        (MINIMAL + "let:\n  a: {query: 'a['}\n", 7, "is not JMESPath"),
        (MINIMAL + "observedAt: {path: t, zone: Mars/Phobos}\n", 6, "is not a time zone"),
        (MINIMAL + "lookups:\n  m: {find: a, file: nowhere.csv}\n", 7, "cannot be read"),
        (MINIMAL + "source: {mqtt: {topic: 'a/#/b'}}\n", 6, "is not a topic level"),
        (MINIMAL + "use: nothing\n", 6, "no mapping 'nothing'"),
        (MINIMAL + "payload: {encoding: klingon}\n", 6, "is no encoding"),
        ("entities: {e: {type: T, id: x}}\n", 1, "no attributes"),
        ("entities: {e: {type: T, attributes: {v: v}}}\n", 1, "id must be given"),
        ("entities: {e: {type: T, id: '{', attributes: {v: v}}}\n", 1, "a lone {"),
        ("entities: {e: {type: T, id: x, attributes: {v: {path: v, unit: KWHH}}}}\n", 1, "UN/CEFACT"),
        ("entities: {e: {type: T, id: x, attributes: {v: {path: v, scale: x}}}}\n", 1, "must be number"),
        (
            "entities: {e: {type: T, id: x, attributes: {v: {path: v, geo: {path: g}}}}}\n",
            1,
            "exclude each other",
        ),
        ("[]\n", None, "a mapping is a table"),
        ("", None, "a mapping is a table"),
    ],
)
def test_mistake(load: Load, text: str, line: int | None, said: str) -> None:
    """The message has the line and what to do."""
    with pytest.raises(MappingError) as caught:
        load(text)

    problem = caught.value.problems[0]
    assert (problem.line, said in str(problem)) == (line or problem.line, True)


def test_all_mistakes_at_once(load: Load) -> None:
    """Mistakes in several parts come in one report."""
    with pytest.raises(MappingError) as caught:
        load(MINIMAL + "let: {a: 'a..b'}\nobservedAt: {path: t, zone: Nowhere}\ndedupe: '{'\n")

    assert [problem.line for problem in caught.value.problems] == [6, 7, 8]


def test_use_builds_on_a_shipped_mapping(load: Load) -> None:
    """Tables merge, null removes, and where both say where a value comes from the own file wins."""
    file = load(
        "use: json-meter\n"
        "source: {mqtt: {topic: 'town/{building}/{meter}'}}\n"
        "entities:\n"
        "  gas: null\n"
        "  electricity:\n"
        "    attributes:\n"
        "      totalActiveEnergyImport: {query: 'e || energy', scale: 0.001}\n"
    )

    entities = file.declaration["entities"]
    energy = entities["electricity"]["attributes"]["totalActiveEnergyImport"]
    assert (sorted(entities), energy) == (
        ["device", "electricity"],
        {"unit": "KWH", "range": {"min": 0}, "monotonic": True, "query": "e || energy", "scale": 0.001},
    )


def test_a_path_takes_the_place_of_a_url(load: Load) -> None:
    """A source that reads either, built on a mapping that reads the other, reads its own."""
    file = load("use: gtfs\nsource: {gtfs: {path: town.zip, tables: [stops]}}\n")

    assert file.declaration["source"] == {"gtfs": {"path": "town.zip", "tables": ["stops"]}}


def test_use_of_itself_ends(load: Load) -> None:
    """A circle of files is refused."""
    with pytest.raises(MappingError, match="builds on more than"):
        load("use: mapping.yaml\n" + MINIMAL)


def test_schema_is_valid() -> None:
    """The shipped JSON Schema is one."""
    jsonschema.Draft202012Validator.check_schema(mapping_schema())


@pytest.mark.parametrize("path", [pytest.param(path, id=name) for name, path in shipped_mappings().items()])
def test_shipped_mapping_has_tests(path: Path) -> None:
    """Every shipped mapping says what it is and tests itself, refusals included."""
    declaration = load_mapping(path).declaration

    assert (bool(declaration["description"]), any("rejected" in test for test in declaration["tests"])) == (
        True,
        True,
    )


def test_every_key_is_in_the_reference() -> None:
    """docs/reference/mapping.md and harvests.md name every key of the schema."""
    folder = Path(__file__).parents[3] / "docs/reference"
    reference = "".join((folder / page).read_text("utf-8") for page in ("mapping.md", "harvests.md"))
    schema = mapping_schema()
    keys = set(schema["properties"])
    for definition in (*schema["properties"].values(), *schema["$defs"].values()):
        keys |= set(definition.get("properties", {}))
        keys |= set(definition.get("items", {}).get("properties", {}))
        extra = definition.get("additionalProperties")
        keys |= set(extra.get("properties", {})) if isinstance(extra, dict) else set()
        for variant in definition.get("oneOf", []):
            keys |= set(variant.get("properties", {}))

    assert {key for key in keys if f"`{key}`" not in reference} == set()
