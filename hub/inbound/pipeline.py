"""The way of a request: nine steps, the retry when its source changes meanwhile, and the refusal."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import structlog

from hub.errors import StaleSource, StoreUnavailable
from hub.inbound.evidence.request_records import refusal_record
from hub.inbound.http.arrival import Arrival
from hub.inbound.parts import PipelineParts
from hub.inbound.refusals import RequestRefused, answer
from hub.inbound.stages import Stage, body_in, identified_in
from hub.inbound.steps.accept import accept
from hub.inbound.steps.admit import admit
from hub.inbound.steps.challenge import challenge
from hub.inbound.steps.event import event
from hub.inbound.steps.guard import guard
from hub.inbound.steps.identify import identify
from hub.inbound.steps.read import read
from hub.inbound.steps.reply import reply
from hub.inbound.steps.verify import verify
from hub.model.ids import write_id
from hub.model.wire.reply import Reply
from hub.sdk.dialect import Refusal

__all__ = ["Pipeline"]

log = structlog.get_logger(__name__)

_TRIES = 3


class Pipeline:
    """Takes an arrival to its reply."""

    def __init__(self, parts: PipelineParts) -> None:
        self._parts = parts

    async def handle(self, arrival: Arrival) -> Reply:
        """The reply to a request. A 2xx is returned only after the commit.

        Raises:
            ConnectionError: The sender hung up before its request was complete.
        """
        parts = self._parts
        at: Stage = arrival
        try:
            for _ in range(_TRIES):
                try:
                    at = identify(arrival, parts)
                    at = await admit(at, parts)
                    at = await guard(at, parts)
                    at = await challenge(at, parts)
                    if at.reply is not None:
                        return at.reply
                    at = await verify(at, parts)
                    at = await read(at, parts)
                    at = await event(at, parts)
                    return await reply(await accept(at, parts), parts)
                except StaleSource:
                    # Nothing was kept. What the source asks for now is checked from the start, with the body as read.
                    arrival = replace(arrival, body=body_in(at))
            refused = _failed("accept", "stale", "the source kept changing while it was checked", retry_after=1)
        except RequestRefused as error:
            refused = error
        except StoreUnavailable as error:
            refused = _failed("accept", "store", str(error))
        except ConnectionError:
            raise
        except Exception as error:
            log.exception("request failed", step=at.next_step, request=write_id("req", arrival.id))
            refused = _failed(at.next_step, "internal", f"internal error: {type(error).__name__}")
        finally:
            parts.limits.leave(arrival.id)
        return self._refuse(at, arrival, refused)

    def _refuse(self, at: Stage, arrival: Arrival, refused: RequestRefused) -> Reply:
        """The answer to a refused request. The refusal is kept once the answer has left.

        So the time it takes to answer does not tell whether the source exists.
        """
        identified = identified_in(at)
        answered = answer(refused.refusal, arrival.dialect, identified)
        asyncio.get_running_loop().call_soon(self._keep, at, arrival, refused, answered.status)
        return answered

    def _keep(self, at: Stage, arrival: Arrival, refused: RequestRefused, status: int) -> None:
        """Keep a refusal where the operator sees it; those of unknown sources are only counted."""
        parts, refusal = self._parts, refused.refusal
        try:
            record = refusal_record(at, arrival, refused, status, parts)
            if record is None:
                parts.unkept.unknown_source(
                    arrival.received, arrival.method, arrival.path, status, refusal.reason, arrival.client
                )
                log.info("refused", step=refusal.step, check=refusal.check, status=status, client=arrival.client)
                return
            parts.store.inbound.refuse(record)
            parts.emitter.request(record)
        except Exception:
            log.exception("a refusal was not kept", request=write_id("req", arrival.id))


def _failed(step: str, check: str, reason: str, *, retry_after: int = 5) -> RequestRefused:
    """A request that cannot be decided now: 503, since a sender that gets a 4xx never sends again."""
    return RequestRefused(Refusal(step, check, 503, reason, retry_after=retry_after))
