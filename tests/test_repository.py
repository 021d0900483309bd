"""The shape of the repository itself."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE_ROOTS = ("platform", "adapters", "ngsi_ld", "conformance")


@pytest.mark.parametrize("root", SOURCE_ROOTS)
def test_a_source_root_is_not_a_package(root: str) -> None:
    """A top-level package `platform` would shadow the standard library's: the roots hold no __init__.py."""
    offending = [
        p for p in (ROOT / root / "__init__.py", ROOT / root / "mimas" / "__init__.py") if p.exists()
    ]

    assert offending == []


@pytest.mark.parametrize("root", SOURCE_ROOTS)
def test_a_source_root_holds_one_package_of_its_name(root: str) -> None:
    """`<x>/mimas/<x>/` is imported as `mimas.<x>` and carries its type marker."""
    packages = [p.name for p in (ROOT / root / "mimas").iterdir() if p.name != "__pycache__"]

    assert packages == [root]
    assert (ROOT / root / "mimas" / root / "py.typed").exists()


def test_no_module_is_longer_than_six_hundred_lines() -> None:
    """A module is split before 600 lines."""
    modules = [p for root in SOURCE_ROOTS for p in (ROOT / root).rglob("*.py")]
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in modules}

    assert {name: n for name, n in lengths.items() if n > 600} == {}
