"""The demo of `make serve`: an Okta workflow, and commands to paste."""

from __future__ import annotations

import secrets

from hub.api.web.services import Services
from hub.model.ids import Id, new_id, write_id
from hub.model.stored.access import DEFAULT_ORG
from hub.model.stored.source import SIGNING_SLOT, URL_SLOT, SourceRecord, SourceSpec, StoredSecret

__all__ = ["DEMO_NAME", "ensure_demo"]

DEMO_NAME = "Demo: who signed in"

_DEFINITION = {
    "nodes": [
        {
            "id": "who",
            "name": "Pick the actor",
            "action": "transform",
            "with": {"value": {"actor": "{{ TRIGGER.actor.alternateId }}", "did": "{{ trigger.type }}"}},
        },
        {
            "id": "sentence",
            "name": "Say it",
            "action": "transform",
            "needs": ["who"],
            "with": {"value": "{{ nodes.who.output.actor }} did {{ nodes.who.output.did }}"},
        },
    ],
    "result": {"summary": "{{ nodes.sentence.output }}"},
}

_CURL = r"curl -sS -w '\n'"

_DELIVERY = (
    '{"eventType":"com.okta.event_hook","eventTypeVersion":"1.0","cloudEventsVersion":"0.1","eventId":"demo-1",'
    '"eventTime":"2026-01-01T00:00:00.000Z","source":"https://example.okta.com/api/v1/eventHooks/demo",'
    '"data":{"events":[{"uuid":"demo-1-1","published":"2026-01-01T00:00:00.000Z","eventType":"user.session.start",'
    '"version":"0","displayMessage":"User login to Okta","severity":"INFO",'
    '"actor":{"id":"00u1","type":"User","alternateId":"ada@example.com","displayName":"Ada"}}]}}'
)


async def ensure_demo(hub: Services, key: str) -> str:
    """Create the demo workflow unless it exists. The text to print, with commands to paste.

    Args:
        hub: The running hub.
        key: The admin key as a shell understands it: the key, or a variable that holds it.
    """
    snapshot = hub.store.snapshot
    org = snapshot.org_named(DEFAULT_ORG)
    if org is None or hub.plugins.vendor("okta") is None:
        return "The demo needs the Okta plugin: pip install hub-okta"
    record = next((one for one in snapshot.workflows.values() if one.name == DEMO_NAME and one.org == org.id), None)
    if record is None:
        record = await hub.store.workflows.create(
            org.id,
            DEMO_NAME,
            _DEFINITION,
            source=SourceSpec(name=DEMO_NAME, vendor="okta", methods=("POST", "GET")),
            secrets=[_secret(URL_SLOT, hub.clock.now()), _secret(SIGNING_SLOT, hub.clock.now())],
            publish=True,
        )
    source = hub.store.snapshot.sources[record.source]
    return _commands(hub, record.id, source, key)


def _secret(slot: str, now: int) -> StoredSecret:
    text = secrets.token_urlsafe(32)
    return StoredSecret(new_id(), slot, text.encode(), text, None, now)


def _newest(source: SourceRecord, slot: str, now: int) -> str:
    live = [one for one in source.secrets if one.slot == slot and one.live(now)]
    return max(live, key=lambda one: one.created).text if live else "no-live-secret"


def _commands(hub: Services, workflow: Id, source: SourceRecord, key: str) -> str:
    base, now = hub.base_url, hub.clock.now()
    written = write_id("wf", workflow)
    url = f"{base}/webhooks/{written}/{_newest(source, URL_SLOT, now)}"
    authorization = f"-H 'Authorization: {_newest(source, SIGNING_SLOT, now)}'"
    json = "-H 'Content-Type: application/json'"
    return "\n".join(
        (
            "",
            f"The workflow {DEMO_NAME!r} ({written}) is ready for events of Okta. Try it:",
            "",
            "# Okta's one-time verification",
            f"{_CURL} -H 'X-Okta-Verification-Challenge: hello' '{url}'",
            "",
            "# an event hook delivery; a second time it is a duplicate, answered with the same execution",
            f"{_CURL} {authorization} {json} -d '{_DELIVERY}' '{url}'",
            "",
            "# another one, and this time wait for the result",
            f"{_CURL} {authorization} {json} -d '{_DELIVERY.replace('demo-1', 'demo-2')}' '{url}/wait'",
            "",
            "# the executions",
            f"{_CURL} -H \"Authorization: Bearer {key}\" '{base}/api/executions?workflow={written}'",
            "",
        )
    )
