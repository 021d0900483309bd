"""What a snapshot may say (CIM 009 5.2.41, 5.16)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mimas.ngsi_ld.core.errors import BadRequestData, OperationNotSupported
from mimas.ngsi_ld.core.snapshots import (
    is_purged,
    merge_snapshot,
    parse_clone,
    parse_purge,
    parse_snapshot,
    status_of,
)
from mimas.ngsi_ld.core.tenant_names import headers_of, is_snapshot, new_data_tenant

ALL = {"type": "Query", "entities": [{"type": "Meter"}]}
HISTORY = ALL | {"temporalQ": {"timerel": "before", "timeAt": "2100-01-01T00:00:00Z"}}
BODY: dict[str, Any] = {"id": "urn:ngsi-ld:Snapshot:1", "type": "Snapshot", "snapshotQueries": [ALL]}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "members",
    [
        {"snapshotQueries": None},
        {"snapshotQueries": []},
        {"snapshotQueries": [HISTORY]},
        {"snapshotTemporalQueries": [ALL]},
        {"snapshotQueries": ["Meter"]},
        {"snapshotPriority": 0},
        {"snapshotPriority": 11},
        {"snapshotPriority": 5.5},
        {"snapshotPriority": True},
        {"snapshotLifetime": 5},
        {"endpoint": "nowhere"},
        {"endpoint": "http:///x"},
        {"endpoint": 5},
        {"receiverInfo": {"key": "a"}},
        {"receiverInfo": [{"key": "a", "value": "b\r\nc"}]},
        {"receiverInfo": [{"key": "", "value": "b"}]},
        {"receiverInfo": [{"key": "a"}]},
        {"id": "no uri"},
        {"id": 5},
        {"id": "urn:x:" + "y" * 600},
        {"type": "Snap"},
        {"surplus": 1},
    ],
)
def test_what_is_no_snapshot_is_refused(members: dict[str, Any]) -> None:
    """5.2.41: BadRequestData."""
    with pytest.raises(BadRequestData):
        parse_snapshot(BODY | members)


def test_a_snapshot_has_queries() -> None:
    """At least one of the two lists when it is made."""
    with pytest.raises(BadRequestData):
        parse_snapshot({"type": "Snapshot"})


@pytest.mark.parametrize("endpoint", ["mqtt://city.example/told", "ftp://city.example/told"])
def test_other_bindings_are_not_supported(endpoint: str) -> None:
    """Notifications of snapshots go by HTTP."""
    with pytest.raises(OperationNotSupported):
        parse_snapshot(BODY | {"endpoint": endpoint})


def test_output_members_are_ignored() -> None:
    """Table 5.2.41-2: only the broker says them."""
    assert parse_snapshot(BODY | {"snapshotStatus": "success", "createdAt": "yesterday"}) == BODY


@pytest.mark.parametrize("body", [BODY, {"type": "Snapshot", "snapshotTemporalQueries": [HISTORY]}, {}])
def test_a_clone_has_no_queries(body: dict[str, Any]) -> None:
    """5.16.2: it has those of its source."""
    with pytest.raises(BadRequestData):
        parse_clone(body)


@pytest.mark.parametrize(
    "fragment",
    [
        {"snapshotQueries": [ALL]},
        {"snapshotTemporalQueries": [HISTORY]},
        {"snapshotPriority": 0},
        {"id": "urn:ngsi-ld:Snapshot:2"},
        {"type": "Query"},
        {"endpoint": None},
    ],
)
def test_only_some_members_can_be_changed(fragment: dict[str, Any]) -> None:
    """5.16.4: anything else is BadRequestData."""
    with pytest.raises(BadRequestData):
        merge_snapshot(BODY, fragment)


def test_a_null_takes_a_member_away() -> None:
    """5.5.8: and what is not named stays."""
    present = BODY | {"endpoint": "http://city.example/told", "snapshotPriority": 3}
    merged = merge_snapshot(present, {"endpoint": "urn:ngsi-ld:null", "snapshotLifetime": "PT1H"})

    assert merged == BODY | {"snapshotPriority": 3, "snapshotLifetime": "PT1H"}


@pytest.mark.parametrize(
    ("results", "status"),
    [
        (["success", "success"], "success"),
        (["success", "empty"], "partial"),
        (["success", "failure"], "partial"),
        (["empty", "failure"], "empty"),
        (["failure"], "failure"),
        ([], "failure"),
    ],
)
def test_the_status_tells_how_the_queries_went(results: list[str], status: str) -> None:
    """5.16.1.4."""
    assert status_of([{"resultStatus": each} for each in results]) == status


@pytest.mark.parametrize(
    ("q", "met"),
    [
        ("snapshotPriority<6", True),
        ("snapshotPriority>5", False),
        ('snapshotStatus=="success"', True),
        ("createdAt<2100-01-01T00:00:00Z", True),
        ("expiresAt<2100-01-01T00:00:00Z", True),
        ("lastUsedAt>2100-01-01T00:00:00Z", False),
        ('id=="urn:ngsi-ld:Snapshot:1"', True),
        ("endpoint", False),
        ('endpoint|snapshotStatus~="^suc"', True),
    ],
)
def test_a_purge_asks_members_of_snapshots(q: str, met: bool) -> None:
    """5.16.7: the query language over the members."""
    times = {"expiresAt": "2026-02-01T00:00:00Z", "lastUsedAt": "2026-01-01T00:00:00Z"}
    shown = BODY | {"snapshotPriority": 5, "snapshotStatus": "success"} | times

    assert is_purged(shown, NOW, NOW, parse_purge(q)) is met


@pytest.mark.parametrize("q", [None, "temperature>5", "snapshotPriority>", "endpoint{id}", ""])
def test_a_purge_needs_such_a_query(q: str | None) -> None:
    """Nothing else but members of snapshots, and not nothing."""
    with pytest.raises(BadRequestData):
        parse_purge(q)


def test_the_tenant_of_the_data_tells_whose_it_is() -> None:
    """Notifications name snapshot and tenant as a client does (6.3.22)."""
    assert headers_of(new_data_tenant("kladno", "urn:x:~1")) == {
        "NGSILD-Tenant": "kladno",
        "NGSILD-Snapshot": "urn:x:~1",
    }
    assert headers_of(new_data_tenant("", "urn:x:1")) == {"NGSILD-Snapshot": "urn:x:1"}
    assert [headers_of(""), headers_of("a")] == [{}, {"NGSILD-Tenant": "a"}]


def test_the_tenant_of_the_data_is_never_the_same_twice() -> None:
    """Also when an id is used again; and it is told apart from tenants of clients."""
    one, other = new_data_tenant("", "urn:x:1"), new_data_tenant("", "urn:x:1")

    assert one != other
    assert is_snapshot(one)
    assert not is_snapshot("kladno")
