"""`GET /api/self-check`: the client address and public URL that the hub derives, and what looks wrong with them."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response, request
from quart_schema import tag_blueprint

from hub.api.web.auth import caller, requires
from hub.api.web.rendering import answer
from hub.api.web.services import services
from hub.model.wire.values import Values

__all__ = ["blueprint"]

blueprint = Blueprint("self_check", __name__, url_prefix="/api")
tag_blueprint(blueprint, {"health"})


@blueprint.get("/self-check")
@requires("view")
async def self_check() -> Response:
    """Compare with what the sender's side shows: allowlists use `client`, signatures over URLs use `public_url`.

    Keys that manage the instance also see how many requests this process has refused without keeping them.
    """
    hub = services()
    socket = request.scope["client"]
    peer = socket[0] if socket is not None else ""
    headers = Values(list(request.headers.items()), caseless=True)
    client = hub.client.address(peer, headers)
    forwarded = [hop.strip() for line in headers.all("x-forwarded-for") for hop in line.split(",")]
    called = request.headers.get("X-Forwarded-Host") or request.host
    body: dict[str, Any] = {
        "client": client,
        "peer": peer,
        "forwarded_for": forwarded,
        "trusted_proxies": [str(network) for network in hub.settings.trusted_proxies],
        "public_url": hub.base_url,
        "called_as": called,
        "warnings": _warnings(
            hub.base_url, called, client, peer, forwarded, configured=hub.settings.public_url is not None
        ),
    }
    if caller().may("operate"):
        body["not_kept"] = {
            "unknown_sources": hub.pipeline.unknown,
            "floods": hub.store.inbound.refusals_dropped,
        }
    return answer(body)


def _warnings(public: str, called: str, client: str, peer: str, forwarded: list[str], *, configured: bool) -> list[str]:
    found = []
    if forwarded and client == peer:
        found.append(
            f"X-Forwarded-For is there, but {peer} is no trusted proxy, so that every sender looks like {peer}: "
            "set HUB_TRUSTED_PROXIES if the proxy is yours"
        )
    if not configured:
        found.append(
            "HUB_PUBLIC_URL is not set: signatures over URLs and the addresses shown use the listening address"
        )
    elif called and called not in public:
        found.append(f"you called {called}, senders are told {public}: signatures are checked against the latter")
    return found
