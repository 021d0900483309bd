"""A right result of the public NGSI-LD suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mimas.conformance.target import Target

GROUPS = ("CommonBehaviours", "ContextInformation", "ContextSource", "DistributedOperations", "jsonldContext")
SUITES = "".join(
    f"""<suite name="{group}"><suite name="Provision">
<test name="{number}_01"><kw name="Create"><status status="PASS"/></kw><status status="PASS"/></test>
<test name="{number}_02"><tag>5_6_1</tag><status status="PASS">fine</status></test>
</suite></suite>"""
    for number, group in enumerate(GROUPS)
)
OUTPUT = f"""<?xml version="1.0" encoding="UTF-8"?>
<robot generator="Robot 7.1 (Python 3.11 on linux)" generated="2026-11-20T10:00:00" schemaversion="5">
<suite id="s1" name="TP"><suite name="NGSI-LD">{SUITES}</suite></suite></robot>
"""


@pytest.fixture(scope="session")
def right_robot_output(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A target that offers an output.xml in which every test passed."""
    path = tmp_path_factory.mktemp("robot") / "output.xml"
    path.write_text(OUTPUT)
    yield Target("robot", {}, documents={"ngsi-ld-test-suite": str(path)})
