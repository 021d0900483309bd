"""Signatures hold for what was signed, and for nothing else."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimas.conformance.reports.signing import (
    SignatureError,
    SigningUnavailable,
    canonical,
    new_key,
    public_pem,
    sign,
    verify,
)

REPORT: dict[str, Any] = {"b": [1, 2.5, None, True], "a": "é€\u2028"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"))
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=10,
)  # fmt: skip


@pytest.fixture
def key(tmp_path: Path) -> Path:
    new_key(tmp_path / "key.pem")
    return tmp_path / "key.pem"


def test_a_signature_holds_for_the_same_content(key: Path, tmp_path: Path) -> None:
    """However the JSON is laid out, and with the public key alone."""
    (tmp_path / "key.pub").write_text(public_pem(key))
    again = json.loads(json.dumps(REPORT, indent=3, sort_keys=True))

    assert verify(again, sign(REPORT, key), key=tmp_path / "key.pub") == new_print(key)


def new_print(key: Path) -> str:
    return verify(REPORT, sign(REPORT, key))


@pytest.mark.parametrize("change", [{"a": "e"}, {"b": [1, 2.5, None, False]}, {"c": 1}])
def test_a_change_breaks_it(key: Path, change: dict[str, Any]) -> None:
    """Any."""
    with pytest.raises(SignatureError, match="changed"):
        verify({**REPORT, **change}, sign(REPORT, key))


def test_another_key_is_not_the_one_expected(key: Path, tmp_path: Path) -> None:
    """Whoever signs with a key of their own is found out by --key."""
    new_key(tmp_path / "other.pem")
    with pytest.raises(SignatureError, match="another key"):
        verify(REPORT, sign(REPORT, tmp_path / "other.pem"), key=key)


@pytest.mark.parametrize("jws", ["", "a.b", "a..b", "e30..x", "....", "eyJhbGciOiJub25lIn0.."])
def test_what_is_no_signature_is_refused(jws: str) -> None:
    """Never a crash; `alg: none` is none."""
    with pytest.raises(SignatureError):
        verify(REPORT, jws)


def test_the_private_key_is_for_its_owner_and_never_written_over(key: Path) -> None:
    """Nobody else reads it."""
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with pytest.raises(SigningUnavailable):
        new_key(key)


def test_a_file_that_is_no_key_is_refused(tmp_path: Path) -> None:
    """With its name."""
    (tmp_path / "x.pem").write_text("x")
    with pytest.raises(SigningUnavailable, match=r"x\.pem"):
        sign(REPORT, tmp_path / "x.pem")


@given(JSON)
def test_canonical_json_is_json_with_one_form(value: Any) -> None:
    """It reads back as the same value, and does not depend on the order of members."""
    text = canonical(value)

    assert json.loads(text) == value
    assert canonical(json.loads(text)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"), (-0.0, "0"), (1e21, "1e+21"), (1e20, "100000000000000000000"), (1e-6, "0.000001"),
        (1.5e-7, "1.5e-7"), (333333333.33333329, "333333333.3333333"), (4.5, "4.5"), (2e-3, "0.002"),
        (0.000001234, "0.000001234"), (-0.00002, "-0.00002"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_rfc_8785_says(value: float, text: str) -> None:
    """As ECMAScript does."""
    assert canonical(value).decode() == text


def test_members_are_ordered_by_utf_16() -> None:
    """RFC 8785, 3.2.3."""
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    ordered = list(json.loads(canonical(dict.fromkeys(names))))

    assert ordered == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
