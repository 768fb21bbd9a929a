"""The rules for the fields of a subscription."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hub.errors import HubError, Problem
from hub.model.pointers import pointer_of
from hub.model.stored.outbound import SubscriptionSpec
from hub.outbound.publish.bodies import BodyTemplates
from hub.outbound.publish.operational import RESERVED
from hub.plugins.host import Plugins
from hub.sdk.schemes.scheme import can_sign

__all__ = ["spec_problems"]

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}\Z")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z")
_MOST_HEADERS = 50
_LONGEST_VALUE = 8_000
_MOST_NAMES = 1_000

_NOT_TO_SET = frozenset({
    # target and framing of the request
    "host", "content-length", "transfer-encoding", "content-encoding", "expect", "trailer", "te", "upgrade",
    # hop-by-hop (RFC 9110, section 7.6.1)
    "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization",
    # set by the hub
    "webhook-id", "webhook-timestamp", "webhook-signature", "accept-encoding",
    # signatures of the core's schemes and of well-known vendors
    "x-authorization-hmac-256", "x-hub-signature", "x-hub-signature-256", "x-webhook-signature", "x-slack-signature",
    "x-slack-request-timestamp", "svix-id", "svix-timestamp", "svix-signature",
})  # fmt: skip


def spec_problems(spec: SubscriptionSpec, plugins: Plugins, templates: BodyTemplates) -> Iterator[Problem]:
    """What is wrong with the fields of a subscription, except their types and the address behind the URL.

    Args:
        spec: The fields to be saved.
        plugins: Have the schemes.
        templates: The template language.
    """
    yield from _names("/events", spec.events, least=1)
    yield from _names("/clients", spec.clients)
    scheme = plugins.scheme(spec.scheme)
    if scheme is None:
        known = ", ".join(sorted(name for name, each in plugins.schemes.items() if can_sign(each)))
        yield Problem("/scheme", f"unknown scheme {spec.scheme!r}; known schemes: {known}")
    elif not can_sign(scheme):
        yield Problem("/scheme", f"the scheme {spec.scheme!r} can verify but not sign")
    yield from _headers(spec)
    if spec.template is not None:
        try:
            templates.compile(spec.template)
        except HubError as error:
            found = getattr(error, "problems", ())
            yield from (Problem(f"/template{each.pointer.removeprefix('/template')}", each.message) for each in found)
            if not found:
                yield Problem("/template", str(error))
        except ValueError as error:
            yield Problem("/template", str(error))


def _names(pointer: str, names: Sequence[str], least: int = 0) -> Iterator[Problem]:
    if len(names) < least:
        yield Problem(pointer, "must have at least one entry")
    if len(names) > _MOST_NAMES:
        yield Problem(pointer, f"must have at most {_MOST_NAMES} entries")
    for index, name in enumerate(names[:_MOST_NAMES]):
        if not name or not name.isprintable():
            yield Problem(f"{pointer}/{index}", "must consist of printable characters")
        elif pointer == "/events" and name == RESERVED:
            yield Problem(f"{pointer}/{index}", "must be the full name of a type")


def _headers(spec: SubscriptionSpec) -> Iterator[Problem]:
    if len(spec.headers) > _MOST_HEADERS:
        yield Problem("/headers", f"must have at most {_MOST_HEADERS} entries")
        return
    seen: set[str] = set()
    for name, value in spec.headers.items():
        pointer = pointer_of("headers", name)
        lower = name.lower()
        if not _TOKEN.match(name):
            yield Problem(pointer, "is not a valid header name")
        elif lower in _NOT_TO_SET:
            yield Problem(pointer, "is set by the hub and cannot be overridden")
        elif lower in seen:
            yield Problem(pointer, "occurs twice: header names do not depend on case")
        elif len(value) > _LONGEST_VALUE or not _VALUE.match(value) or value != value.strip():
            yield Problem(pointer, "has a value that is not valid in a header")
        seen.add(lower)
