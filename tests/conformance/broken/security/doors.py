"""Services that let in whom they should not, tell what they should hide, or take what they should refuse."""

from __future__ import annotations

import os
import socket
from dataclasses import replace

import httpx
from tests.conformance.servers.breaking import anonymous, faults_of, on

from mimas.conformance.testing import broken_target
from mimas.conformance.testing.ngsi_ld import says, with_header

RIGHT = {
    "openapi-rest": ("openapi-rest", "RIGHT_REST_TOKEN", r"/collections/meters/items(\?|$)"),
    "ngsi-ld": ("mimas-with-tokens", "RIGHT_MIMAS_TOKEN", r"/types"),
}


def entering(variable):
    """Whoever asks is taken for the owner of a token."""

    def breaks(received, forward):
        headers = {**received.headers, "authorization": f"Bearer {os.environ[variable]}"}
        return forward(replace(received, headers=headers))

    return breaks


def sending(text):
    """Requests with this text in Authorization or the URL."""
    return lambda received: text in received.headers.get("authorization", "") + received.path


def both(one, other):
    return lambda received: one(received) and other(received)


for mechanism, (right, variable, one_route) in RIGHT.items():
    fault = faults_of(right)
    let_in = entering(variable)
    GET = on("GET", one_route)

    def named(*names, mechanism=mechanism):
        return [f"{name}@{mechanism}" for name in names]

    fault(
        "One route is not protected.",
        named("ACCESS.routes.refuse-strangers"),
        both(GET, anonymous),
        let_in,
        must_catch={"MIM6-R1.1": "one unprotected route"},
    )
    fault(
        "HEAD is let through.",
        named("ACCESS.routes.head-and-options-are-no-bypass"),
        both(on("HEAD", ""), anonymous),
        let_in,
        must_catch={"MIM6-R1.1": "OPTIONS/HEAD bypass"},
    )
    fault(
        "OPTIONS tells data.",
        named("ACCESS.routes.head-and-options-are-no-bypass"),
        on("OPTIONS", ""),
        says(200, [{"id": "x"}]),
    )
    fault(
        "401 says not how to come in.",
        named("ACCESS.routes.refusal-has-a-challenge"),
        anonymous,
        with_header("WWW-Authenticate", None),
    )
    fault(
        "The challenge has no parameter.",
        named("ACCESS.routes.refusal-has-a-challenge"),
        anonymous,
        with_header("WWW-Authenticate", "Bearer"),
    )
    fault(
        "Readers may write.",
        named("ACCESS.roles.reader-cannot-write"),
        both(
            on("POST", ""),
            lambda received, variable=variable: (
                os.environ[variable.replace("TOKEN", "READER")] in received.headers.get("authorization", "")
            ),
        ),
        let_in,
    )
    fault("The policy is on paper alone.", named("ACCESS.roles.policy-is-kept"), anonymous, let_in)
    fault(
        "Invented tokens are let in.",
        named("ACCESS.tokens.invented-is-refused"),
        sending("Bearer mimas-check-"),
        let_in,
    )
    fault(
        "Invented tokens are a crash.",
        named("ACCESS.tokens.invented-is-refused"),
        sending("Bearer mimas-check-"),
        says(500, {}),
    )
    fault(
        "Expired tokens are let in.",
        named("ACCESS.tokens.expired-is-refused"),
        lambda received, variable=variable: (
            os.environ[variable.replace("TOKEN", "EXPIRED")] in received.headers.get("authorization", "")
        ),
        let_in,
        must_catch={"MIM0-C4": "expired token accepted"},
    )
    fault(
        "Disabled devices still write.",
        named("ACCESS.tokens.disabled-is-refused"),
        both(
            on("POST", r"/items$|/entities$"),
            lambda received, variable=variable: (
                os.environ[variable.replace("TOKEN", "DISABLED")] in received.headers.get("authorization", "")
            ),
        ),
        let_in,
        must_catch={"MIM6-R1.1b": "old device key still ingests"},
    )
    fault(
        "Tokens are taken from the URL.",
        named("ACCESS.tokens.not-in-the-url"),
        on("GET", "token="),
        lambda received, forward, let_in=let_in: let_in(
            replace(
                received,
                path=received.path.partition("?token=")[0]
                .partition("&access_token=")[0]
                .partition("?access_token=")[0]
                .partition("&token=")[0],
            ),
            forward,
        ),
        must_catch={"MIM6-R1.2": "token in query string"},
    )
    fault(
        "The maker's password works.",
        named("ACCESS.passwords.defaults-are-refused"),
        sending("Basic YWRtaW46YWRtaW4="),
        let_in,
        must_catch={"MIM6-R1.2": "admin/admin works"},
    )
    fault(
        "Broken bodies are a crash.",
        named("INPUT.broken-bodies-are-refused"),
        both(on("POST", ""), lambda received: received.json() is None),
        says(500, {"detail": 'syntax error at or near "x" SELECT id FROM entity'}),
        must_catch={"MIM6-D01": "500 with SQL text"},
    )
    fault(
        "Deep bodies are taken.",
        named("INPUT.broken-bodies-are-refused"),
        on("POST", r"/items$|/entities$"),
        says(201, b"", Location="x"),
    )
    fault(
        "Any location is taken.",
        named("INPUT.bad-geometry-is-refused"),
        lambda received: b'"east"' in received.body,
        says(201, b"", Location="x"),
    )
    fault(
        "Filters reach the database as they are.",
        named("INPUT.injection-changes-nothing"),
        on("GET", "pg_sleep|OR '1'"),
        says(500, {"detail": "SQLSTATE 42601"}),
    )
    fault(
        "All origins are let in with credentials.",
        named("HEADERS.foreign-origins-get-no-credentials"),
        lambda received: "origin" in received.headers,
        lambda received, forward: (
            forward(received)
            .with_header("Access-Control-Allow-Origin", received.headers["origin"])
            .with_header("Access-Control-Allow-Credentials", "true")
        ),
        must_catch={"MIM6-D04": "CORS reflects any origin"},
    )
    fault(
        "Any origin is repeated.",
        named("HEADERS.foreign-origins-get-no-credentials"),
        lambda received: "origin" in received.headers,
        lambda received, forward: forward(received).with_header(
            "Access-Control-Allow-Origin", received.headers["origin"]
        ),
    )
    fault(
        "Browsers may guess.",
        named("HEADERS.no-sniffing"),
        on("GET", ""),
        with_header("X-Content-Type-Options", None),
    )

    def _options(target, mechanism=mechanism, **options):
        interface = target.interfaces[mechanism]
        moved = replace(interface, options={**interface.options, **options})
        return replace(target, interfaces={mechanism: moved})

    def _port_is_open(target, folder, _options=_options):
        """A database of the product can be reached by everybody."""
        with socket.create_server(("127.0.0.1", 0)) as open_to_all:
            yield _options(target, **{"management-ports": [open_to_all.getsockname()[1]]})

    def _big_is_taken(target, folder, _options=_options):
        """The limit of a body is above what the check calls huge."""
        return _options(target, **{"oversize-bytes": 5000})

    def _nothing_is_logged(target, folder):
        """The log holds nothing of calls that were denied."""
        log = folder / "empty.log"
        log.write_text("2026-01-01T00:00:00Z started\n")
        return replace(target, documents={**target.documents, "access-log": str(log)})

    for change, name, phrase in (
        (_port_is_open, "ACCESS.ports.management-is-closed", {"MIM6-R1.1": "admin port open"}),
        (_big_is_taken, "INPUT.oversize-is-refused", {"MIM6-D01": "oversize body accepted"}),
        (_nothing_is_logged, "LOG.denied-calls-are-logged", {"MIM6-P8.15": "denied calls not logged"}),
    ):
        change.__name__ = f"{right.replace('-', '_')}{change.__name__}"
        broken_target(right=right, caught_by=f"{name}@{mechanism}", must_catch=phrase)(change)

rest = faults_of("openapi-rest")
LIST = on("GET", r"/collections/meters/items(\?|$)")
rest(
    "Lists show what items hide.",
    "REST.access.lists-show-what-items-show",
    LIST,
    entering("RIGHT_REST_TOKEN"),
    must_catch={"MIM0-C4": "list endpoint leaks what the item endpoint hides"},
)
rest(
    "Lists show items that are denied.",
    "REST.access.lists-show-what-items-show",
    on("GET", r"/items/meter-0"),
    says(403, {}),
)
rest(
    "Subscribers are told what they may not read.",
    "REST.access.notifications-show-what-may-be-read",
    on("POST", "/subscriptions"),
    entering("RIGHT_REST_TOKEN"),
    must_catch={"MIM0-C4": "notification leaks restricted attributes"},
)
rest(
    "Nobody is limited.",
    "INPUT.one-client-is-limited@openapi-rest",
    on("GET", "/collections/"),
    entering("RIGHT_REST_TOKEN"),
    must_catch={"MIM6-D03": "no limit"},
)
rest(
    "Who is limited is not told for how long.",
    "INPUT.one-client-is-limited@openapi-rest",
    on("GET", ""),
    with_header("Retry-After", None),
)

limited = faults_of("guarded-ngsi-ld")
limited(
    "No request is too many.",
    "INPUT.one-client-is-limited@ngsi-ld",
    on("GET", ""),
    lambda received, forward: forward(
        replace(
            received, headers={name: value for name, value in received.headers.items() if name != "x-burst"}
        )
    ),
)
limited(
    "The gateway says nothing of its limits.",
    "HTTP.headers.rate-limit@ngsi-ld",
    on("GET", ""),
    lambda received, forward: (
        forward(received).with_header("RateLimit", None).with_header("RateLimit-Policy", None)
    ),
)
limited(
    "Subscriptions call files.",
    "INPUT.subscriptions-to-the-inside-are-refused",
    lambda received: b"file:" in received.body,
    says(201, b"", Location="/ngsi-ld/v1/subscriptions/x"),
)
limited(
    "Subscriptions call the cloud's metadata.",
    "INPUT.subscriptions-to-the-inside-are-refused",
    lambda received: b"169.254" in received.body,
    says(201, b"", Location="/ngsi-ld/v1/subscriptions/x"),
    verdict="warn",
)

mimas = faults_of("mimas-with-tokens")


def fetching(received, forward):
    """The context is fetched, wherever it is."""
    httpx.get(received.headers["link"].partition("<")[2].partition(">")[0], trust_env=False)
    return forward(received)


mimas(
    "Contexts of the inside are fetched.",
    "INPUT.contexts-of-the-inside-are-not-fetched",
    lambda received: "context" in received.headers.get("link", ""),
    fetching,
    must_catch={"MIM6-D02": "broker fetches internal URL"},
)
mimas(
    "The broker is well while its database is away.",
    "HTTP.health.agrees-with-the-data@ngsi-ld",
    on("GET", "/entities"),
    says(503, {"title": "away"}),
    verdict="warn",
)
