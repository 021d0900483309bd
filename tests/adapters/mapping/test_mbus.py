"""M-Bus frames as payload. The encrypted one is the example of the OMS specification, volume 2, annex N."""

from __future__ import annotations

import base64
import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimas.adapters.mapping import MappingError, load_mapping
from mimas.adapters.mapping.mbus import read_frame
from mimas.adapters.messages import Mapped, MessageRejected

from ..conftest import Map

WATER = "1844AE4C4455223368077A55000000041389E20100023B0000"
ENCRYPTED = (
    "2E44931578563412330333637A2A0020255923C95AAA26D1B2E7493B013EC4A6F6D3529B520EDFF0EA6DEFC99D6D69EBF3"
)
KEY = "0102030405060708090A0B0C0D0E0F11"
MAPPING = "payload: {format: mbus, %s}\nentities: {e: {type: T, id: 'urn:x:1', attributes: {v: %s}}}\n"


def value(mapped: Mapped) -> Any:
    assert mapped.rejections == []
    return mapped.records[0].documents[0]["v"]["value"]


@pytest.mark.parametrize(
    "frame",
    [
        bytes.fromhex(WATER),
        WATER.encode(),
        b" ".join([WATER[:4].encode(), WATER[4:].lower().encode()]),
        base64.b64encode(bytes.fromhex(WATER)),
    ],
)
def test_frame_in_any_writing(frame: bytes) -> None:
    """Bytes, hexadecimal and base64 are the same frame."""
    read = read_frame(frame, {})

    assert (read["meter"], read["values"]) == (
        {"id": "33225544", "manufacturer": "SEN", "version": 104, "medium": "Water Meter"},
        {"volume": 123.529, "volume_flow": 0},
    )


def test_encrypted_frame_with_the_meter_s_key() -> None:
    """The key of a meter is found by the number in the open part of its frame."""
    assert read_frame(ENCRYPTED.encode(), {"12345678": KEY})["values"]["volume"] == 28504.27


@pytest.mark.parametrize(
    ("keys", "reason"),
    [({}, "there is no key"), ({"12345678": KEY[:-1] + "2"}, "cannot be decrypted with this meter's key")],
)
def test_encrypted_frame_without_the_right_key(keys: dict[str, str], reason: str) -> None:
    """Neither a missing nor a wrong key lets anything through, and no key is in the reason."""
    with pytest.raises(MessageRejected, match=reason) as refused:
        read_frame(ENCRYPTED.encode(), keys)

    assert KEY[:-1] not in str(refused.value)


def test_keys_come_from_a_file_beside_the_mapping(tmp_path: Path, map_with: Map) -> None:
    """The YAML names the file; the keys stand in it."""
    (tmp_path / "meters.keys").write_text(f"# gas\n12345678; {KEY}\n")

    assert value(map_with(MAPPING % ("keys: meters.keys", "values.volume"), ENCRYPTED.encode())) == 28504.27


@pytest.mark.parametrize("text", ["12345678", "1234567;" + KEY, f"12345678;{KEY[:-2]}"])
def test_wrong_line_in_the_key_file(tmp_path: Path, text: str) -> None:
    """The line is named, its content is not."""
    (tmp_path / "meters.keys").write_text(text)
    (tmp_path / "m.yaml").write_text(MAPPING % ("keys: meters.keys", "values.volume"))

    with pytest.raises(MappingError) as refused:
        load_mapping(tmp_path / "m.yaml")

    assert "line 1: no key" in str(refused.value)
    assert text not in str(refused.value)


def test_frame_inside_a_json_message(map_with: Map) -> None:
    """A gateway's JSON holds the frame; what is around it stays to be used."""
    text = MAPPING % ("inside: data.frame", "{text: '{gateway}'}") + "let: {gateway: envelope.gw}\n"

    assert value(map_with(text, {"gw": "g1", "data": {"frame": WATER}})) == "g1"


def test_json_without_a_frame(map_with: Map) -> None:
    """A message of the gateway that holds no frame is refused with its reason."""
    mapped = map_with(MAPPING % ("inside: data", "values.volume"), {"gw": "g1"})

    assert "no frame in the message" in mapped.rejections[0].reason


@given(st.binary(max_size=80))
def test_any_bytes_give_a_frame_or_a_refusal(raw: bytes) -> None:
    """No bytes make the reader fail in another way."""
    with contextlib.suppress(MessageRejected):
        assert read_frame(raw, {})["records"]


@given(st.integers(0, len(WATER) // 2 - 1), st.integers(0, 255))
def test_damaged_frame_gives_a_frame_or_a_refusal(place: int, byte: int) -> None:
    """A bit that fell over does not stop the source."""
    frame = bytearray.fromhex(WATER)
    frame[place] = byte
    with contextlib.suppress(MessageRejected):
        assert read_frame(bytes(frame), {})["records"]
