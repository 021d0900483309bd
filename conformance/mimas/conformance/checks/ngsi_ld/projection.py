"""Parts of an entity: attrs, pick, omit, datasetId (clauses 4.21, 4.5.5), and its languages (4.15)."""

from __future__ import annotations

from .broker import Broker, Entity, absent, equal, instances, ngsi_ld, present, prop, refused

WRITE = {"write"}


def _one(broker: Broker) -> Entity:
    return broker.create(level=prop(1), name=prop("x"), scope="/A")


@ngsi_ld("4.21", "attrs-selects", "MIM0-BP11-projection", needs=WRITE)
def attrs_selects(broker: Broker) -> None:
    """attrs gives only the named attributes, with id and type."""
    found = broker.stored(_one(broker), {"attrs": "level"})
    for name in ("id", "type", "level"):
        present(name, found, "With attrs=level the entity")
    absent("name", found, "With attrs=level the entity")


@ngsi_ld("4.21", "pick-selects", "MIM0-BP11-projection", level="SHOULD", needs=WRITE)
def pick_selects(broker: Broker) -> None:
    """pick gives only the named members, of which id and type are two."""
    found = broker.stored(_one(broker), {"pick": "id,level"})
    equal(sorted(set(found) - {"@context"}), ["id", "level"], "What pick=id,level gives")


@ngsi_ld("4.21", "omit-leaves-out", "MIM0-BP11-projection", level="SHOULD", needs=WRITE)
def omit_leaves_out(broker: Broker) -> None:
    """omit leaves the named members out and gives the others."""
    found = broker.stored(_one(broker), {"omit": "level,scope"})
    absent("level", found, "With omit=level the entity")
    absent("scope", found, "With omit=scope the entity")
    present("name", found, "With omit=level the entity")


@ngsi_ld("4.21", "pick-and-attrs-are-400", "MIM0-BP11-projection", level="MAY", needs=WRITE)
def pick_and_attrs(broker: Broker) -> None:
    """pick together with attrs is answered 400."""
    entity = _one(broker)
    refused(
        broker.get("/entities", {"type": broker.type, "id": entity["id"], "pick": "level", "attrs": "name"})
    )


@ngsi_ld("4.21", "pick-in-queries", "MIM0-BP11-projection", level="SHOULD", needs=WRITE)
def pick_in_queries(broker: Broker) -> None:
    """pick gives only the named members in queries too, and filters nothing out."""
    _one(broker)
    broker.create(name=prop("y"))
    found = broker.get("/entities", {"type": broker.type, "pick": "id,name"}).expect(200).json_array()
    equal(
        sorted(set(each) - {"@context"} == {"id", "name"} for each in found), [True, True], "What pick gives"
    )


@ngsi_ld("4.5.5", "dataset-is-selected", "MIM1X-16", level="SHOULD", needs=WRITE)
def dataset_is_selected(broker: Broker) -> None:
    """The parameter datasetId gives only the instances of that dataset."""
    both = [prop(1), prop(2, datasetId="urn:ngsi-ld:Dataset:a")]
    found = broker.stored(broker.create(level=both), {"datasetId": "urn:ngsi-ld:Dataset:a"}).get("level")
    equal([each.get("value") for each in instances(found)], [2], "What datasetId gives")


def _bridge(broker: Broker) -> Entity:
    names = {"cs": "most", "en": "bridge", "@none": "Brücke"}
    return broker.create(title={"type": "LanguageProperty", "languageMap": names})


@ngsi_ld("4.5.18", "languages-come-back", "MIM1X-10", needs=WRITE)
def languages_come_back(broker: Broker) -> None:
    """A LanguageProperty comes back with all its languages."""
    entity = _bridge(broker)
    found = broker.stored(entity)["title"]
    equal(
        (found.get("type"), found.get("languageMap")), tuple(entity["title"].values()), "The LanguageProperty"
    )


@ngsi_ld("4.15", "lang-picks", "MIM1X-10", needs=WRITE)
def lang_picks(broker: Broker) -> None:
    """lang=en gives a LanguageProperty as a Property with the English text, and says `lang`."""
    found = broker.stored(_bridge(broker), {"lang": "en"})["title"]
    equal(found.get("type"), "Property", "The kind of the attribute with lang=en")
    equal((found.get("value"), found.get("lang")), ("bridge", "en"), "Value and lang with lang=en")


@ngsi_ld("4.15", "lang-in-order-of-preference", "MIM1X-10", level="SHOULD", needs=WRITE)
def lang_in_order(broker: Broker) -> None:
    """Of several languages in `lang` the first by its q-value that is there is taken."""
    found = broker.stored(_bridge(broker), {"lang": "de;q=0.9,en;q=0.5,cs;q=0.7"})["title"]
    equal(found.get("value"), "most", "The text with lang=de, then cs, then en")


@ngsi_ld("4.15", "lang-falls-back-to-none", "MIM1X-10", level="SHOULD", needs=WRITE)
def lang_falls_back(broker: Broker) -> None:
    """When a query asks for a language that is not there the text of @none is taken."""
    _bridge(broker)
    found = broker.get("/entities", {"type": broker.type, "lang": "fi"}).expect(200).json_array()
    equal([each["title"].get("value") for each in found], ["Brücke"], "The text with lang=fi")


@ngsi_ld("4.15", "lang-in-key-values", "MIM1X-10", needs=WRITE)
def lang_in_key_values(broker: Broker) -> None:
    """lang=cs with options=keyValues gives the Czech text itself."""
    found = broker.stored(_bridge(broker), {"lang": "cs", "options": "keyValues"})
    equal(found.get("title"), "most", "The simplified text with lang=cs")
