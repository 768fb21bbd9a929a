"""Zoom: a signed handshake, asked again every 72 hours, answered with a keyed hash of what it sends."""

from collections.abc import Iterator

from hub import Event, Hmac, Outcome, Reply, Request, Source, Vendor, instant

VALIDATION = "endpoint.url_validation"


def read(request: Request, source: Source) -> Iterator[Event]:
    sent = request.json()
    control, account = sent["event"] == VALIDATION, sent["payload"].get("account_id")
    yield Event(sent["event"], sent["payload"], request.digest, instant(sent["event_ts"]), account, control=control)


def reply(request: Request, source: Source, outcome: Outcome) -> Reply | None:
    if outcome.events[0].type != VALIDATION:
        return None
    token = outcome.events[0].data["plainToken"]
    return Reply(200, {"plainToken": token, "encryptedToken": outcome.secret.hmac(token)})


scheme = Hmac(
    header="x-zm-signature", prefix="v0=", timestamp="x-zm-request-timestamp", content="v0:{timestamp}:{body}"
)
vendor = Vendor(name="zoom", title="Zoom", verify=scheme, read=read, reply=reply)
