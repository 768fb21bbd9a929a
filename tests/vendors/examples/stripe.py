"""Stripe: one header with a time and a list of signatures over both; a wrong one is answered 400."""

from collections.abc import Iterator

from hub import Event, Hmac, Reply, Request, Source, Vendor, instant


def read(request: Request, source: Source) -> Iterator[Event]:
    event = request.json()
    yield Event(event["type"], event["data"], event["id"], instant(event["created"]), event.get("account"))


vendor = Vendor(
    name="stripe",
    title="Stripe",
    verify=Hmac(header="stripe-signature", split=",", prefix="v1=", timestamp="t=", content="{timestamp}.{body}"),
    read=read,
    refusals={401: Reply(400)},
)
