"""Which tenant a request is for (CIM 009 6.3.14)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mimas.ngsi_ld.core.errors import BadRequestData

DEFAULT_TENANT = ""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:\-]{0,127}")


def tenant_of(headers: Mapping[bytes, bytes]) -> str:
    """The tenant named by NGSILD-Tenant, else by FIWARE's older header; "" is the default tenant.

    `fiware-servicepath` says nothing here: scopes are the standard's hierarchy.
    """
    name = headers.get(b"ngsild-tenant") or headers.get(b"fiware-service") or b""
    tenant = name.decode("latin-1").strip()
    if tenant and not _NAME.fullmatch(tenant):
        raise BadRequestData(
            "A tenant's name has up to 128 letters, digits and _ . : - and begins with a letter or digit."
        )
    return tenant
