"""`Idempotency-Key` on POST: a repeated call gets the answer of the first one and makes nothing.

The first call claims the key, in its org and at its path; its answer is kept for at least a day, sealed, since it may
show a secret that is shown once. A call that fails gives its key back: it has made nothing, and the same key may be
sent again with corrected data.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

from quart import Response, g, request

from hub.api.web.services import Services, services
from hub.errors import Conflict, Invalid, Problem
from hub.model.ids import Id
from hub.model.json import dumps, loads
from hub.ports.store.answers import KeptAnswer

__all__ = ["idempotency_key", "once", "request_digest"]

T = TypeVar("T")

_HEADER = "Idempotency-Key"
_MISMATCH = "this Idempotency-Key was sent before with other data: send the same data, or a new key"

_LONGEST = 255
_LOOK_SECONDS = 0.05
_LOOKS = 200
_under_way: set[asyncio.Task[Any]] = set()


def idempotency_key() -> str | None:
    """The key of the current request, None without one.

    Raises:
        Invalid: It is empty, too long or given twice.
    """
    given = request.headers.getlist(_HEADER)
    if not given:
        return None
    if len(given) > 1 or not 1 <= len(given[0]) <= _LONGEST:
        message = f"must be given once, with 1 to {_LONGEST} characters"
        raise Invalid(f"the header {_HEADER} is invalid", (Problem("/idempotency_key", message),))
    return str(given[0])


async def once(org: Id, view: Callable[[], Awaitable[T]]) -> T:
    """What `view` answers the current request, or what it answered the first one with the same key.

    Raises:
        Invalid: 422, the key was used with other data.
        Conflict: 409, the first call with this key is under way, or its process was killed.
    """
    key = idempotency_key()
    if key is None:
        return await view()
    hub, route, digest = services(), f"{request.method} {request.path}", await request_digest()
    kept = await hub.store.answers.claim(org, route, key, digest)
    if kept is None:
        # A caller that hangs up ends neither the work nor the keeping of its answer: it will ask again.
        task = asyncio.ensure_future(_first(hub, org, route, key, view))
        _under_way.add(task)
        task.add_done_callback(_under_way.discard)
        return await asyncio.shield(task)
    if kept.digest != digest:
        raise Invalid(_MISMATCH, (Problem("/idempotency_key", "was used with other data"),))
    for _ in range(_LOOKS):
        if kept is None or kept.answer is not None:
            break
        await asyncio.sleep(_LOOK_SECONDS)
        kept = await hub.store.answers.claim(org, route, key, digest)
    if kept is None:  # the first call failed and gave the key back: this one has it now
        return await _first(hub, org, route, key, view)
    g.pop("caller", None)  # nothing is changed, so nothing goes into the audit log
    return cast("T", _again(kept))


async def _first(hub: Services, org: Id, route: str, key: str, view: Callable[[], Awaitable[T]]) -> T:
    try:
        made = await view()
        response = cast("Response", made)
        if response.status_code >= 300:
            await hub.store.answers.drop(org, route, key)
            return made
        body = await response.get_data(as_text=False)
    except BaseException:
        await hub.store.answers.drop(org, route, key)
        raise
    headers = {name: value for name in ("Content-Type", "ETag") if (value := response.headers.get(name))}
    answer = {"status": response.status_code, "headers": headers, "body": body.decode()}
    await hub.store.answers.keep(org, route, key, dumps(answer))
    return made


def _again(kept: KeptAnswer) -> Response:
    if kept.answer is None:
        raise Conflict(
            "a call with this Idempotency-Key is under way, or the hub was stopped during one: look whether it made "
            "something before you send it with another key"
        )
    answer = loads(kept.answer)
    response = Response(answer["body"].encode(), answer["status"], answer["headers"])
    response.headers["Idempotency-Replayed"] = "true"
    return response


async def request_digest() -> str:
    """Of the data of the current request: equal JSON has one digest, however it is written."""
    data = cast("bytes", await request.get_data())
    try:
        body = json.dumps(loads(data), sort_keys=True).encode()
    except ValueError:
        body = data
    return hashlib.sha256(b"\0".join([request.query_string, body])).hexdigest()
