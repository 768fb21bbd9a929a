"""Asana: the handshake brings the secret; it is echoed and kept, and never replaced by a later handshake."""

from collections.abc import Iterator

from hub import Credential, Event, Hmac, Keep, Reply, Request, Source, Vendor, instant


def challenge(request: Request, source: Source) -> Reply | None:
    secret = request.headers.get("x-hook-secret")
    return Reply(200, headers={"X-Hook-Secret": secret}, keep=(Keep(secret),)) if secret else None


def read(request: Request, source: Source) -> Iterator[Event]:
    for number, one in enumerate(request.json()["events"]):
        name = f"{one['resource']['resource_type']}.{one['action']}"
        yield Event(name, one, f"{request.digest} {number}", instant(one["created_at"]))


vendor = Vendor(name="asana", title="Asana", challenge=challenge, verify=Hmac(header="x-hook-signature"), read=read,
                credentials=(Credential(title="Hook secret", origin="handshake"),))  # fmt: skip
