"""The answer to an inline hook for which no workflow gives commands."""

from __future__ import annotations

from hub import Outcome, Reply, Request, Source
from hub_okta.events import INLINE

__all__ = ["reply"]


def reply(request: Request, source: Source, outcome: Outcome) -> Reply | None:
    """An empty 204, by which Okta goes on unchanged; None for the deliveries of event hooks.

    The commands of an inline hook come from the `respond` node of a workflow, which is asked before.
    """
    del request, source
    inline = any(event.type.startswith(INLINE) for event in outcome.events)
    return Reply(204) if inline else None
