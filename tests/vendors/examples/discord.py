"""Discord: ed25519 under the application's public key; a signed ping is answered, a bad signature gets exactly 401."""

from collections.abc import Iterator

from hub import Credential, Event, Outcome, PublicKey, Reply, Request, Source, Vendor

TYPES = {1: "ping", 2: "command", 3: "component", 4: "autocomplete", 5: "modal"}


def read(request: Request, source: Source) -> Iterator[Event]:
    sent = request.json()
    yield Event(
        TYPES.get(sent["type"], "other"), sent, sent["id"], account=sent.get("guild_id"), control=sent["type"] == 1
    )


def reply(request: Request, source: Source, outcome: Outcome) -> Reply:
    return Reply(200, {"type": 1 if outcome.events[0].type == "ping" else 5})


vendor = Vendor(
    name="discord", title="Discord", read=read, reply=reply, deadline=3,
    verify=PublicKey(header="x-signature-ed25519", timestamp="x-signature-timestamp", content="{timestamp}{body}"),
    credentials=(Credential(title="Public key", kind="hex", public=True),),
)  # fmt: skip
