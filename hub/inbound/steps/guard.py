"""Step 3, guard: every plugin may veto, before the vendor is asked."""

from __future__ import annotations

from hub.errors import Reject, Unavailable
from hub.inbound.parts import PipelineParts
from hub.inbound.refusals import RequestRefused
from hub.inbound.stages import AdmittedRequest, GuardedRequest

__all__ = ["guard"]


async def guard(admitted: AdmittedRequest, parts: PipelineParts) -> GuardedRequest:
    """Let each plugin's `hub_guard` look at the request.

    Raises:
        RequestRefused: A plugin vetoes, with a status of its choice; 503, a plugin failed or did not answer, or the
            settings of the source do not fit its vendor.
    """
    identified = admitted.identified
    context = parts.contexts.of(identified, identified.challenger, admitted.request, admitted.clock)
    if parts.plugins.has_guards:
        try:
            await parts.plugins.guard(admitted.request, context, admitted.clock)
        except Unavailable as unavailable:
            raise RequestRefused.by(unavailable, "guard", "plugin") from unavailable
        except Reject as reject:
            raise RequestRefused.by(reject, "guard", "guard") from reject
    return GuardedRequest(admitted, context)
