"""The query language (clause 4.9): every check makes the same three entities and asks one question."""

from __future__ import annotations

from .broker import Broker, Entity, equal, ngsi_ld, prop, refused, rel

WRITE = {"write"}
TARGET = "urn:ngsi-ld:Thing:mimas-check-target"
OTHER = "urn:ngsi-ld:Thing:mimas-check-other"


def _three(broker: Broker) -> tuple[Entity, Entity, Entity]:
    """Three entities: `low` and `high` have all attributes, `bare` has only a name."""
    low = broker.create(
        level=prop(10, observedAt="2026-01-01T00:00:00Z", accuracy=prop(1)),
        name=prop("Alpha"),
        open=prop(True),
        since=prop({"@type": "DateTime", "@value": "2026-01-01T00:00:00Z"}),
        address=prop({"city": "Praha", "street": {"number": 1}}),
        near=rel(TARGET),
        title={"type": "LanguageProperty", "languageMap": {"cs": "most", "en": "bridge"}},
    )
    high = broker.create(
        level=prop(20, observedAt="2026-02-01T00:00:00Z", accuracy=prop(2)),
        name=prop("Beta"),
        open=prop(False),
        since=prop({"@type": "DateTime", "@value": "2026-02-01T00:00:00Z"}),
        address=prop({"city": "Brno", "street": {"number": 2}}),
        near=rel(OTHER),
        title={"type": "LanguageProperty", "languageMap": {"cs": "lávka", "en": "footbridge"}},
    )
    return low, high, broker.create(name=prop("20"))


@ngsi_ld("4.9", "q-equal-number", ("MIM1X-05", "MIM0-R2.2"), needs=WRITE)
def equal_number(broker: Broker) -> None:
    """level==10 finds the entity whose level is 10."""
    low, _, _ = _three(broker)
    broker.expect_found({"q": "level==10"}, [low])


@ngsi_ld("4.9", "q-equal-text", "MIM1X-05", needs=WRITE)
def equal_text(broker: Broker) -> None:
    """name=="Alpha" finds the entity of that name, and not one of another case."""
    low, _, _ = _three(broker)
    broker.expect_found({"q": 'name=="Alpha"'}, [low])
    broker.expect_found({"q": 'name=="alpha"'}, [])


@ngsi_ld("4.9", "q-equal-boolean", "MIM1X-05", needs=WRITE)
def equal_boolean(broker: Broker) -> None:
    """open==true finds what is open."""
    low, _, _ = _three(broker)
    broker.expect_found({"q": "open==true"}, [low])


@ngsi_ld("4.9", "q-types-must-agree", "MIM1X-05", needs=WRITE)
def types_must_agree(broker: Broker) -> None:
    """A number is not equal to the text of the same digits."""
    _, _, bare = _three(broker)
    broker.expect_found({"q": 'name=="20"'}, [bare])
    broker.expect_found({"q": "name==20"}, [])


@ngsi_ld("4.9", "q-unequal-needs-the-attribute", "MIM1X-05", needs=WRITE)
def unequal(broker: Broker) -> None:
    """level!=10 finds what has another level, not what has none."""
    _, high, _ = _three(broker)
    broker.expect_found({"q": "level!=10"}, [high])


@ngsi_ld("4.9", "q-greater-and-less", ("MIM1X-05", "MIM0-R2.2"), needs=WRITE)
def greater_and_less(broker: Broker) -> None:
    """> and < leave the bound out, >= and <= take it in."""
    low, high, _ = _three(broker)
    broker.expect_found({"q": "level>10"}, [high])
    broker.expect_found({"q": "level>=10"}, [low, high])
    broker.expect_found({"q": "level<20"}, [low])
    broker.expect_found({"q": "level<=20"}, [low, high])


@ngsi_ld("4.9", "q-range", "MIM1X-05", needs=WRITE)
def in_range(broker: Broker) -> None:
    """level==10..15 finds what lies between, bounds included."""
    low, high, _ = _three(broker)
    broker.expect_found({"q": "level==10..15"}, [low])
    broker.expect_found({"q": "level==10..20"}, [low, high])


@ngsi_ld("4.9", "q-list", "MIM1X-05", needs=WRITE)
def in_list(broker: Broker) -> None:
    """A list of values finds what equals any of them."""
    low, high, _ = _three(broker)
    broker.expect_found({"q": 'name=="Alpha","Beta"'}, [low, high])


@ngsi_ld("4.9", "q-and", "MIM1X-05", needs=WRITE)
def both(broker: Broker) -> None:
    """; means that both terms hold."""
    low, _, _ = _three(broker)
    broker.expect_found({"q": "level>=10;open==true"}, [low])


@ngsi_ld("4.9", "q-or", "MIM1X-05", needs=WRITE)
def either(broker: Broker) -> None:
    """| means that either term holds."""
    low, _, bare = _three(broker)
    broker.expect_found({"q": 'level==10|name=="20"'}, [low, bare])


@ngsi_ld("4.9", "q-parentheses", "MIM1X-05", needs=WRITE)
def parentheses(broker: Broker) -> None:
    """Parentheses bind terms together."""
    _, high, _ = _three(broker)
    broker.expect_found({"q": "(level==10|level==20);open==false"}, [high])


@ngsi_ld("4.9", "q-existence", "MIM1X-05", needs=WRITE)
def existence(broker: Broker) -> None:
    """An attribute's name alone finds what has it."""
    low, high, _ = _three(broker)
    broker.expect_found({"q": "level"}, [low, high])


@ngsi_ld("4.9", "q-pattern", "MIM1X-05", needs=WRITE)
def pattern(broker: Broker) -> None:
    """~= finds text that fits the pattern."""
    low, _, _ = _three(broker)
    broker.expect_found({"q": 'name~="^Al.*a$"'}, [low])


@ngsi_ld("4.9", "q-not-pattern", "MIM1X-05", needs=WRITE)
def not_pattern(broker: Broker) -> None:
    """!~= finds text that does not fit the pattern."""
    _, high, bare = _three(broker)
    broker.expect_found({"q": 'name!~="^Al"'}, [high, bare])


@ngsi_ld("4.9", "q-sub-attribute", "MIM1X-05", needs=WRITE)
def sub_attribute(broker: Broker) -> None:
    """level.accuracy reaches the Property of the Property."""
    _, high, _ = _three(broker)
    broker.expect_found({"q": "level.accuracy==2"}, [high])


@ngsi_ld("4.9", "q-observed-at", ("MIM1X-05", "MIM0-R2.2"), needs=WRITE)
def observed_at(broker: Broker) -> None:
    """level.observedAt compares as time."""
    _, high, _ = _three(broker)
    broker.expect_found({"q": "level.observedAt>=2026-01-15T00:00:00Z"}, [high])


@ngsi_ld("4.9", "q-date-time", "MIM1X-05", needs=WRITE)
def date_time(broker: Broker) -> None:
    """A value that is a DateTime compares as time."""
    low, _, _ = _three(broker)
    broker.expect_found({"q": "since<2026-01-15T00:00:00Z"}, [low])


@ngsi_ld("4.9", "q-inside-values", "MIM1X-05", needs=WRITE)
def inside_values(broker: Broker) -> None:
    """address[city] and address[street.number] reach into the value."""
    low, high, _ = _three(broker)
    broker.expect_found({"q": 'address[city]=="Praha"'}, [low])
    broker.expect_found({"q": "address[street.number]==2"}, [high])


@ngsi_ld("4.9", "q-relationship", ("MIM1X-05", "MIM1-R3.1"), needs=WRITE)
def relationship(broker: Broker) -> None:
    """near==<URI> finds what is related to that entity."""
    low, _, _ = _three(broker)
    broker.expect_found({"q": f"near=={TARGET}"}, [low])


@ngsi_ld("4.9", "q-language", "MIM1X-05", needs=WRITE)
def language(broker: Broker) -> None:
    """title[en] compares the text of that language."""
    low, _, _ = _three(broker)
    broker.expect_found({"q": 'title[en]=="bridge"'}, [low])
    broker.expect_found({"q": 'title[cs]=="bridge"'}, [])


@ngsi_ld("4.9", "q-syntax-error-is-400", ("MIM1X-05", "MIM0-R2.2"))
def syntax_error(broker: Broker) -> None:
    """A q that does not follow the grammar is answered 400 (BadRequestData)."""
    for wrong in ("level==", "level=>1", "(level==1"):
        refused(broker.get("/entities", {"type": broker.type, "q": wrong}), error="BadRequestData")


@ngsi_ld("4.9", "q-by-post", "MIM1X-05", needs=WRITE)
def by_post(broker: Broker) -> None:
    """A q in a query by POST finds the same."""
    low, _, _ = _three(broker)
    body = {"type": "Query", "entities": [{"type": broker.type}], "q": "level==10"}
    found = broker.call("POST", "/entityOperations/query", body=body).expect(200).json_array()
    equal([each.get("id") for each in found], [low["id"]], "What the posted q finds")
