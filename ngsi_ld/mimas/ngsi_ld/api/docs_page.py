"""`/docs`: the OpenAPI document as one HTML page that loads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import Any

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8881}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem}
h2{margin-top:2.5rem;border-bottom:1px solid var(--line)}
details{border:1px solid var(--line);border-radius:6px;margin:.5rem 0}
summary{cursor:pointer;padding:.5rem .75rem;overflow-wrap:anywhere}
details>div{padding:0 .75rem .75rem;overflow-x:auto}
code{background:var(--soft);padding:.1em .3em;border-radius:3px}
b{display:inline-block;min-width:4.5rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.25rem .5rem;border-top:1px solid var(--line)}
"""


def docs_page(document: dict[str, Any]) -> str:
    """The page for an OpenAPI document."""
    entries = [
        (operation["tags"][0], method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    sections = "".join(
        f"<h2>{escape(tag)}</h2>" + "".join(_entry(method, path, each) for _, method, path, each in group)
        for tag, group in groupby(sorted(entries, key=lambda entry: entry[0]), key=lambda entry: entry[0])
    )
    info = document["info"]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{escape(info['summary'])}. "
        f'The same as data: <a href="openapi.json">openapi.json</a>.</p>{sections}</body></html>'
    )


def _entry(method: str, path: str, operation: dict[str, Any]) -> str:
    return (
        f"<details><summary><b>{method.upper()}</b> <code>{escape(path)}</code> "
        f"{escape(operation['summary'])}</summary><div><p>{escape(operation.get('description', ''))}</p>"
        f"{_parameters(operation['parameters'])}{_body(operation)}{_responses(operation['responses'])}"
        "</div></details>"
    )


def _parameters(parameters: list[dict[str, Any]]) -> str:
    rows = [
        (each["name"], each["in"], each["description"])
        if "name" in each
        else (each["$ref"].rpartition("/")[2], "header", "See the document.")
        for each in parameters
    ]
    return _table(("Parameter", "In", "Meaning"), rows)


def _body(operation: dict[str, Any]) -> str:
    body = operation.get("requestBody")
    if not body:
        return ""
    rows = [(media, _schema_name(content["schema"])) for media, content in body["content"].items()]
    return _table(("Request body", "Schema"), rows)


def _responses(responses: dict[str, Any]) -> str:
    rows = []
    for status, response in responses.items():
        media = ", ".join(response.get("content", {}))
        rows.append((status, response.get("description", "Problem details"), media))
    return _table(("Status", "Meaning", "Media types"), rows)


def _schema_name(schema: dict[str, Any]) -> str:
    if schema.get("type") == "array":
        return f"array of {_schema_name(schema['items'])}"
    reference: str = schema.get("$ref", "")
    return reference.rpartition("/")[2] or str(schema.get("type", ""))


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    cells = "".join(f"<th>{escape(each)}</th>" for each in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(each)}</td>" for each in row) + "</tr>" for row in rows)
    return f"<table><tr>{cells}</tr>{body}</table>"
