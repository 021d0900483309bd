"""Whether the description says truly what is restricted (MIM0 mechanism 1)."""

from __future__ import annotations

from ...verdicts import Failure, NotTested
from .collections import Rest, rest
from .described import MIM0_1
from .description import gets, mapping

SCHEMES = frozenset({"apiKey", "http", "mutualTLS", "oauth2", "openIdConnect"})


@rest("description.security-schemes-are-known", "MIM0-M1-security", clause="OpenAPI 3.1.1, 4.8.27")
def security_schemes(rest: Rest) -> None:
    """Each security requirement names a declared scheme of a known type."""
    declared = mapping(mapping(rest.description.document.get("components")).get("securitySchemes"))
    for name, value in declared.items():
        scheme = rest.description.resolve(value)
        if scheme.get("type") not in SCHEMES:
            raise Failure(f"The security scheme {name!r} has the type {scheme.get('type')!r}.")
        if scheme["type"] == "openIdConnect" and not scheme.get("openIdConnectUrl"):
            raise Failure(f"The security scheme {name!r} has no openIdConnectUrl.")
        if scheme["type"] == "oauth2" and not isinstance(scheme.get("flows"), dict):
            raise Failure(f"The security scheme {name!r} has no flows.")
    used = {name for each in rest.description.operations() for every in each.security for name in every}
    if used - declared.keys():
        raise Failure(f"Nobody declares the security scheme {', '.join(sorted(used - declared.keys()))}.")


@rest("description.security-is-true", "MIM0-M1-security", clause=MIM0_1)
def security_is_true(rest: Rest) -> None:
    """What is described as open is open, and what is described as restricted asks for a credential."""
    looked = 0
    for operation in gets(rest.description)[:60]:
        url = rest.description.url(operation)
        if url is None:
            continue
        looked += 1
        answer = rest.get(url, "*/*", role=None)
        if not operation.is_restricted and answer.status in (401, 403):
            raise Failure(
                f"{operation} is described as open; {answer} without a token.", mend="Give it a `security`."
            )
        if operation.is_restricted and answer.status < 300:
            raise Failure(
                f"{operation} is described as restricted; {answer} without a token.",
                mend="Refuse who has no token, or describe it as open (`security: []`).",
            )
    if not looked:
        raise NotTested("No described GET can be called: no parameter has an example.")
