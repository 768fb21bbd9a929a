"""The rules that a subscription must meet when it is saved; each fault names its field."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hub.errors import HubError, Problem
from hub.model.pointers import pointer_of
from hub.model.stored.outbound import SubscriptionSpec
from hub.outbound.publish.freeze import Templates
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
    # where the request goes, and how it is framed
    "host", "content-length", "transfer-encoding", "content-encoding", "expect", "trailer", "te", "upgrade",
    # hop by hop (RFC 9110, 7.6.1)
    "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization",
    # the hub's own
    "webhook-id", "webhook-timestamp", "webhook-signature", "accept-encoding",
    # what schemes of the core and of well-known vendors sign with
    "x-authorization-hmac-256", "x-hub-signature", "x-hub-signature-256", "x-webhook-signature", "x-slack-signature",
    "x-slack-request-timestamp", "svix-id", "svix-timestamp", "svix-signature",
})  # fmt: skip


def spec_problems(spec: SubscriptionSpec, plugins: Plugins, templates: Templates) -> Iterator[Problem]:
    """What is wrong with a subscription beyond the types of its fields and the address behind its URL.

    Args:
        spec: As it is to be saved.
        plugins: Whose schemes there are.
        templates: The template language.
    """
    yield from _names("/events", spec.events, least=1)
    yield from _names("/clients", spec.clients)
    scheme = plugins.scheme(spec.scheme)
    if scheme is None:
        known = ", ".join(sorted(name for name, each in plugins.schemes.items() if can_sign(each)))
        yield Problem("/scheme", f"there is no scheme {spec.scheme!r}; there are: {known}")
    elif not can_sign(scheme):
        yield Problem("/scheme", f"the scheme {spec.scheme!r} only verifies and cannot sign")
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
        yield Problem(pointer, "must name at least one")
    if len(names) > _MOST_NAMES:
        yield Problem(pointer, f"must name {_MOST_NAMES} at most")
    for index, name in enumerate(names[:_MOST_NAMES]):
        if not name or not name.isprintable():
            yield Problem(f"{pointer}/{index}", "must be a name of printable characters")
        elif pointer == "/events" and name == RESERVED:
            yield Problem(f"{pointer}/{index}", "must be the whole name of a type")


def _headers(spec: SubscriptionSpec) -> Iterator[Problem]:
    if len(spec.headers) > _MOST_HEADERS:
        yield Problem("/headers", f"must be {_MOST_HEADERS} at most")
        return
    seen: set[str] = set()
    for name, value in spec.headers.items():
        pointer = pointer_of("headers", name)
        lower = name.lower()
        if not _TOKEN.match(name):
            yield Problem(pointer, "is no name of a header")
        elif lower in _NOT_TO_SET:
            yield Problem(pointer, "is set by the hub and cannot be overridden")
        elif lower in seen:
            yield Problem(pointer, "is there twice, in another case")
        elif len(value) > _LONGEST_VALUE or not _VALUE.match(value) or value != value.strip():
            yield Problem(pointer, "has a value that no header can have")
        seen.add(lower)
