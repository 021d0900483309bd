"""Credentials of a source: named in the YAML, kept outside of it, sent to the origin they are for alone."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ..mapping import MappingFile
from ..source import SourceError, beside

MAX_SECRET = 16_384


def read_headers(
    file: MappingFile, options: Mapping[str, Any], token_form: Mapping[str, str]
) -> dict[str, str]:
    """The declared `headers`, and the one that carries the token, in the form that the kind is used to.

    SourceError when the token is not there.
    """
    headers = {str(name): str(value) for name, value in options.get("headers", {}).items()}
    if "token" in options:
        token = {**token_form, **options["token"]}
        headers[token.get("header", "Authorization")] = _credentials(file, token)
    return headers


def same_origin(one: str, other: str) -> bool:
    """Whether two URLs have scheme, host and port in common."""
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, port


def _credentials(file: MappingFile, token: Mapping[str, Any]) -> str:
    secret = _secret(file, token)
    if token.get("encoding") == "base64":
        secret = base64.b64encode(secret.encode()).decode()
    scheme = token.get("scheme", "Bearer" if "header" not in token else "")
    return f"{scheme} {secret}" if scheme else secret


def _secret(file: MappingFile, token: Mapping[str, Any]) -> str:
    """The secret in the file or the environment variable that `token` names."""
    if "environment" in token:
        where = f"the environment variable {token['environment']}"
        secret = os.environ.get(token["environment"], "")
    else:
        path = beside(file, token["file"])
        where = str(path)
        try:
            secret = path.read_text("utf-8")[: MAX_SECRET + 1]
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(f"{file.name}: the token in {where} cannot be read: {error}") from error
    secret = secret.strip()
    if not secret or len(secret) > MAX_SECRET or not secret.isprintable():
        raise SourceError(f"{file.name}: there is no token in {where}; put it there, on one line")
    return secret
