"""CloudEvents over HTTP: an OPTIONS handshake, a bearer token, events in headers, alone or in batches."""

from collections.abc import Iterator
from typing import Any

from hub import Event, Reply, Request, Source, Token, Vendor, instant


def challenge(request: Request, source: Source) -> Reply | None:
    origin = request.headers.get("webhook-request-origin") if request.method == "OPTIONS" else None
    allowed = {"WebHook-Allowed-Origin": str(origin), "WebHook-Allowed-Rate": "*", "Allow": "POST"}
    return Reply(200, headers=allowed) if origin else None


def read(request: Request, source: Source) -> Iterator[Event]:
    sent: Any = request.json()
    if not request.media_type.startswith("application/cloudevents"):
        names = ("type", "source", "id")
        sent = {name: request.headers[f"ce-{name}"] for name in names} | {"data": sent}
    for one in sent if isinstance(sent, list) else [sent]:
        moment = instant(one["time"]) if "time" in one else None
        yield Event(one["type"], one.get("data"), f"{one['source']} {one['id']}", moment)


vendor = Vendor(name="cloudevents", title="CloudEvents", challenge=challenge, methods=("POST", "OPTIONS"), read=read,
                verify=Token(header="authorization", prefix="Bearer "))  # fmt: skip
