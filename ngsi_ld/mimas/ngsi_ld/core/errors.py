"""Errors that already know their answer (CIM 009 clauses 5.5.2, 5.5.3 and 6.3.2).

NgsiLdError                     500
 +-- InvalidRequest             400  not JSON, unmet precondition, unknown parameter or option
 +-- BadRequestData             400  the content says something the standard forbids
 +-- AlreadyExists              409
 +-- Conflict                   409
 +-- ResourceNotFound           404
 |    +-- NonexistentTenant     404
 +-- OperationNotSupported      422
 +-- TooComplexQuery            403
 +-- TooManyResults             403
 +-- LdContextNotAvailable      504
 +-- NoMultiTenantSupport       501
 +-- RequestTooLarge            413  not of CIM 009: a limit of ours
 +-- Unavailable                503  not of CIM 009: the write queue is full or the database is away
"""

from __future__ import annotations

from typing import Any, ClassVar

PREFIX = "https://uri.etsi.org/ngsi-ld/errors/"


class NgsiLdError(Exception):
    """An error with the status and the problem type it is answered with."""

    status: ClassVar[int] = 500
    problem: ClassVar[str] = "InternalError"
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str, **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts

    def to_problem(self) -> dict[str, Any]:
        """The problem details as they go over the wire (CIM 009 5.5.3)."""
        return {
            "type": PREFIX + self.problem,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.facts,
        }


class InvalidRequest(NgsiLdError):
    """The request cannot be understood: not JSON, or a parameter or option nobody knows."""

    status = 400
    problem = "InvalidRequest"
    title = "The request cannot be understood"


class BadRequestData(NgsiLdError):
    """The request is well formed but says something the standard forbids."""

    status = 400
    problem = "BadRequestData"
    title = "The request holds data that NGSI-LD does not allow"


class AlreadyExists(NgsiLdError):
    """Something with this id is there already."""

    status = 409
    problem = "AlreadyExists"
    title = "It exists already"


class Conflict(NgsiLdError):
    """The request clashes with the present state."""

    status = 409
    problem = "Conflict"
    title = "The request clashes with the present state"


class ResourceNotFound(NgsiLdError):
    """Nothing with this name is known."""

    status = 404
    problem = "ResourceNotFound"
    title = "Not found"


class NonexistentTenant(ResourceNotFound):
    """The named tenant has never been written to."""

    problem = "NonexistentTenant"
    title = "No such tenant"


class OperationNotSupported(NgsiLdError):
    """An optional operation that is not offered here."""

    status = 422
    problem = "OperationNotSupported"
    title = "The operation is not supported"


class TooComplexQuery(NgsiLdError):
    """The query would take more work than is allowed."""

    status = 403
    problem = "TooComplexQuery"
    title = "The query is too complex"


class TooManyResults(NgsiLdError):
    """The query would answer more than is allowed."""

    status = 403
    problem = "TooManyResults"
    title = "The query has too many results"


class LdContextNotAvailable(NgsiLdError):
    """A remote @context could not be had."""

    status = 504
    problem = "LdContextNotAvailable"
    title = "The @context cannot be had"


class NoMultiTenantSupport(NgsiLdError):
    """Tenants are not offered here."""

    status = 501
    problem = "NoMultiTenantSupport"
    title = "Tenants are not supported"


class RequestTooLarge(NgsiLdError):
    """A body, a query or a page above the limits."""

    status = 413
    problem = "RequestTooLarge"
    title = "The request is too large"


class Unavailable(NgsiLdError):
    """Not now: the write queue is full or the database is away. `retry_after` is in seconds."""

    status = 503
    problem = "Unavailable"
    title = "The service is not available now"

    def __init__(self, detail: str, *, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
