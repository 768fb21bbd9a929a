"""`GET /api/self-check`: the client address and the public URL as the hub sees them, with warnings."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from quart import Blueprint, Response, request
from quart_schema import tag_blueprint

from hub.api.web.auth import caller, requires
from hub.api.web.rendering import answer, instant_text
from hub.api.web.services import services
from hub.inbound.http.client_address import CLIENT_HEADERS, ClientHeader, Derived
from hub.model.wire.values import Values

__all__ = ["blueprint"]

blueprint = Blueprint("self_check", __name__, url_prefix="/api")
tag_blueprint(blueprint, {"health"})


@blueprint.get("/self-check")
@requires("view")
async def self_check() -> Response:
    """Show the address and the URL that the hub sees. Allowlists use `client`, signatures over URLs use `public_url`.

    Keys that manage the instance also see how many requests this process has refused without storing them, and what the
    database and its log take of the disk (bytes).
    """
    hub = services()
    socket = request.scope["client"]
    peer = socket[0] if socket is not None else ""
    headers = Values(list(request.headers.items()), caseless=True)
    found = hub.client.derive(peer, headers)
    called = request.headers.get("X-Forwarded-Host") or request.host
    body: dict[str, Any] = {
        "client": found.address,
        "peer": peer,
        "peer_is_trusted": found.trusted,
        "client_header": hub.settings.client_header,
        "forwarded_for": list(found.hops),
        "received": {name: list(lines) for name in CLIENT_HEADERS if (lines := headers.all(name))},
        "trusted_proxies": [str(network) for network in hub.settings.trusted_proxies],
        "public_url": hub.base_url,
        "called_as": called,
        "warnings": [
            *_about_the_sender(found, peer, headers, hub.settings.client_header),
            *_about_the_url(hub.base_url, called, configured=hub.settings.public_url is not None),
        ],
    }
    if caller().may("operate"):
        body["disk"] = asdict(await hub.store.retention.space())
        body["not_kept"] = {
            "unknown_sources": hub.routes.unkept.unknown_sources,
            "wrong_addresses": hub.routes.unkept.wrong_addresses,
            "floods": hub.store.inbound.refusals_dropped,
            "samples": [{**asdict(one), "at": instant_text(one.at)} for one in reversed(hub.routes.unkept.samples)],
        }
    return answer(body)


def _about_the_sender(found: Derived, peer: str, headers: Values[str], header: ClientHeader) -> list[str]:
    others = [name for name in CLIENT_HEADERS if name != header and headers.all(name)]
    if not found.trusted:
        came = [header] if found.hops else others
        fault = f"{came[0]} is set, but {peer} is not a trusted proxy" if came else ""
        remedy = f"every sender has the address {peer}: set HUB_TRUSTED_PROXIES if this is your proxy"
    elif not found.hops and others:
        fault = f"the trusted proxy {peer} sends {others[0]}, but the hub reads {header}"
        remedy = f"set HUB_CLIENT_HEADER={others[0]} if the proxy sets that header itself"
    elif not found.hops:
        fault, remedy = f"the trusted proxy {peer} does not send {header}", f"every sender has the address {peer}"
    elif found.believed == 0:
        fault = f"the last element of {header} is not an address"
        remedy = f"the sender has the address {peer} of the proxy: check what the proxy writes there"
    else:
        fault = remedy = ""
    return [f"{fault}; {remedy}"] if fault else []


def _about_the_url(public: str, called: str, *, configured: bool) -> list[str]:
    if not configured:
        return ["HUB_PUBLIC_URL is not set: the hub uses its listening address in URLs and in signatures over them"]
    if called and called not in public:
        return [
            f"you called {called}, but the public URL is {public}: signatures over URLs are checked with the latter"
        ]
    return []
