"""Microsoft Graph: an unsigned handshake echoed as text, batches, a shared secret inside each notification."""

from collections.abc import Iterator

from hub import Check, Event, Reply, Request, Secret, Source, Vendor, same


def challenge(request: Request, source: Source) -> Reply | None:
    token = request.query.get("validationToken")
    return None if token is None else Reply(200, token)


def check(request: Request, source: Source) -> Secret:
    states = [one["clientState"] for one in request.json()["value"]] or [""]
    return source.match(lambda secret: all(same(state, secret.value) for state in states))


def read(request: Request, source: Source) -> Iterator[Event]:
    for one in request.json()["value"]:
        type_ = one.get("lifecycleEvent") or one["changeType"]
        yield Event(type_, one, one.get("id"), account=one.get("tenantId"), control="lifecycleEvent" in one)


vendor = Vendor(name="graph", title="Microsoft Graph", challenge=challenge, verify=Check(check, covers="none"),
                read=read, reply=Reply(202))  # fmt: skip
