"""Claims about apply that hold for every entity and fragment."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mimas.ngsi_ld.core import operations as op
from mimas.ngsi_ld.core.apply import apply
from mimas.ngsi_ld.core.errors import NgsiLdError
from mimas.ngsi_ld.core.state import Document, EntityState

ID = "urn:ngsi-ld:T:1"
NULL = "urn:ngsi-ld:null"
THEN, NOW = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 2, tzinfo=UTC)

names = st.sampled_from(["a", "b", "c", "d"])
datasets = st.sampled_from(["", "urn:d:1", "urn:d:2"])
values = st.sampled_from([0, 1, True, "x", [1, 2], {"a": 1}, {"a": True, "b": {"c": 2}}, {"a": {"c": 1}}])
times = st.sampled_from([{}, {"observedAt": "2025-01-01T00:00:00Z"}, {"observedAt": "2025-01-01T12:00:00Z"}])


contents = st.sampled_from(
    [
        *({"type": "Relationship", "object": each} for each in ("urn:a:1", "urn:a:2")),
        *(
            {"type": "LanguageProperty", "languageMap": each}
            for each in ({"en": "a"}, {"en": "b", "cs": "a"})
        ),
    ]
) | values.map(lambda value: {"type": "Property", "value": value})
leaves = st.builds(lambda content, time: {**content, **time}, contents, times)
instances = st.builds(
    lambda leaf, below: {**leaf, **below}, leaves, st.dictionaries(names, leaves, max_size=1)
)


def _listed(by_dataset: dict[str, Document]) -> Any:
    """One instance, or several of different datasets."""
    found = [{**each, "datasetId": dataset} if dataset else each for dataset, each in by_dataset.items()]
    return found if len(found) > 1 else found[0]


attributes = st.dictionaries(datasets, instances, min_size=1, max_size=2).map(_listed)
bodies = st.dictionaries(names, attributes, max_size=3)
entities = bodies.map(lambda body: {"id": ID, "type": "T", **body})
fragments = st.dictionaries(names, attributes | st.just(NULL), max_size=3)
states = entities.map(lambda document: EntityState(document, THEN, THEN))

operations = (
    st.builds(op.ReplaceEntity, entity_id=st.just(ID), document=entities)
    | st.builds(op.UpsertEntity, entity_id=st.just(ID), document=entities, update=st.booleans())
    | st.builds(op.AppendAttributes, entity_id=st.just(ID), fragment=bodies, overwrite=st.booleans())
    | st.builds(op.UpdateAttributes, entity_id=st.just(ID), fragment=fragments)
    | st.builds(op.MergeEntity, entity_id=st.just(ID), fragment=fragments)
    | st.builds(op.PartialUpdate, entity_id=st.just(ID), attribute=names, fragment=instances)
    | st.builds(op.ReplaceAttribute, entity_id=st.just(ID), attribute=names, instance=instances)
    | st.builds(
        op.DeleteAttribute,
        entity_id=st.just(ID),
        attribute=names,
        dataset_id=datasets,
        delete_all=st.booleans(),
    )
    | st.builds(op.PurgeAttributes, entity_id=st.just(ID), keep=st.frozensets(names))
    | st.builds(op.DeleteEntity, entity_id=st.just(ID))
    | st.builds(op.RecordReading, entity_id=st.just(ID), document=entities)
)


@given(states, st.lists(operations, max_size=3))
def test_apply_never_changes_its_input(state: EntityState, sequence: list[op.Operation]) -> None:
    """A state that others hold stays what it was, whatever is applied to it and to what follows from it."""
    before, asked = copy.deepcopy(state), copy.deepcopy(sequence)
    current: EntityState | None = state
    for operation in sequence:
        try:
            current = apply(operation, current, NOW).state
        except NgsiLdError:
            continue

    assert (state, sequence) == (before, asked)


@given(states, operations)
def test_the_version_grows_by_one_with_each_write(state: EntityState, operation: op.Operation) -> None:
    """One write, one version; nothing to write, the same state."""
    try:
        applied = apply(operation, state, NOW)
    except NgsiLdError:
        return
    if applied.state is None:
        return

    assert applied.state.version == state.version + applied.changed


@given(states, entities)
def test_replace_after_anything_is_create_but_for_created_at(state: EntityState, document: Document) -> None:
    """Nothing of the old content is left (5.6.18)."""
    replaced = apply(op.ReplaceEntity(entity_id=ID, document=document), state, NOW).state
    created = apply(op.CreateEntity(entity_id=ID, document=document), None, NOW).state
    assert replaced is not None and created is not None

    assert (replaced.document, replaced.modified_at) == (created.document, created.modified_at)


@given(states)
def test_a_merge_of_nulls_removes_everything(state: EntityState) -> None:
    """A null for each attribute and dataset leaves the bare entity (5.5.12)."""
    fragment = {
        name: [
            {
                "type": each["type"],
                "value": NULL,
                **({"datasetId": each["datasetId"]} if "datasetId" in each else {}),
            }
            for each in (value if isinstance(value, list) else [value])
        ]
        for name, value in state.document.items()
        if name not in ("id", "type")
    }
    after = apply(op.MergeEntity(entity_id=ID, fragment=fragment), state, NOW).state

    assert after is not None and after.document == {"id": ID, "type": "T"}


@given(states, fragments)
def test_no_null_is_ever_stored(state: EntityState, fragment: Document) -> None:
    """The NGSI-LD Null is an instruction, never content (4.5.0)."""
    try:
        after = apply(op.MergeEntity(entity_id=ID, fragment=fragment), state, NOW).state
    except NgsiLdError:
        return

    assert NULL not in str(after)


@given(states, entities)
def test_the_effects_tell_the_difference(state: EntityState, document: Document) -> None:
    """Created, updated and deleted instances are exactly those that differ between before and after."""
    change = apply(op.ReplaceEntity(entity_id=ID, document=document), state, NOW).change
    assert change is not None and change.after is not None
    before, after = _by_dataset(state.document), _by_dataset(document)

    assert change.attributes == {
        key: "created" if key not in before else "deleted" if key not in after else "updated"
        for key in before.keys() | after.keys()
        if repr(before.get(key)) != repr(after.get(key)) and not _same_items(before.get(key), after.get(key))
    }


def _by_dataset(document: Document) -> dict[tuple[str, str], Document]:
    return {
        (name, each.get("datasetId", "")): each
        for name, value in document.items()
        if name not in ("id", "type")
        for each in (value if isinstance(value, list) else [value])
    }


def _same_items(one: Any, other: Any) -> bool:
    """Equal but for the order of members."""
    return _sorted(one) == _sorted(other)


def _sorted(value: Any) -> str:
    if isinstance(value, dict):
        return repr(sorted((name, _sorted(each)) for name, each in value.items()))
    if isinstance(value, list):
        return repr([_sorted(each) for each in value])
    return repr(value)
