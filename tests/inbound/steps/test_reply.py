"""Step 9: the first rule that applies answers the sender."""

from __future__ import annotations

from typing import Any

import pytest

from hub import Event, Keep, Outcome, Reply, Request, Source
from hub.inbound.refusals import RequestRefused
from hub.inbound.steps.reply import reply
from hub.model.json import loads
from tests.inbound.probe import SECRET, Steps, failing, rejecting

TOKEN = [("x-token", SECRET)]
RESPOND = [
    {"id": "answer", "action": "respond", "with": {"status": 201, "body": "{{ TRIGGER }}", "headers": {"x-own": "1"}}}
]


async def answered(steps: Steps, url: str, body: bytes = b"{}", *, token: bool = False) -> Reply:
    accepted = await steps.accepted(steps.arrival(url, body, headers=TOKEN if token else ()))
    return await reply(accepted, steps.parts)


async def test_without_any_rule_the_dialect_answers(steps: Steps) -> None:
    url = (await steps.source())["urls"]["tracecat"]
    given = await answered(steps, url)
    assert (given.status, given.body["message"]) == (200, "Workflow execution created")
    assert given.body["wf_exec_id"].startswith("wf_")
    echoed = await answered(steps, f"{url}?echo=true", b'{"a": 1}')
    assert echoed.body["payload"] == {"a": 1}
    assert await answered(steps, f"{url}?empty_echo=1") == Reply(200)


async def test_a_waiting_sender_gets_the_result(steps: Steps) -> None:
    url = (await steps.source())["urls"]["tracecat"]
    given = await answered(steps, f"{url}/wait", b'{"a": 1}')
    assert (given.status, loads(given.body)) == (200, {"kind": "value", "value": {"a": 1}})


async def test_past_the_deadline_it_gets_a_url_instead(steps: Steps) -> None:
    nap = [{"id": "nap", "action": "sleep", "with": {"seconds": 3600}}]
    url = (await steps.hub.workflow(nap))["source"]["urls"]["tracecat"]
    given = await answered(steps.with_parts(wait_seconds=0), f"{url}/wait")
    assert given.status == 202
    assert given.headers["location"] == given.body["status_url"]


async def test_a_respond_node_comes_before_everything_else(steps: Steps) -> None:
    steps.probe.answer = lambda *_: Reply(299)
    for fields in ({}, {"response": {"mode": "lastNode"}}):
        source: dict[str, Any] = {"vendor": "probe", "signing_secrets": [SECRET], **fields}
        steps.probe.reader = lambda *_: [Event("a", {"a": 1})]
        url = (await steps.hub.workflow(RESPOND, source=source))["source"]["urls"]["tracecat"]
        given = await answered(steps, url, b'{"a": 1}', token=True)
        assert (given.status, given.body, given.headers["x-own"]) == (201, {"a": 1}, "1")


async def test_a_response_mode_comes_before_the_vendors_reply(steps: Steps) -> None:
    steps.probe.answer = lambda *_: Reply(299)
    steps.probe.reader = lambda *_: [Event("a", {"a": 1})]
    url = (await steps.probed(response={"mode": "lastNode"}))["urls"]["tracecat"]
    given = await answered(steps, url, token=True)
    assert (given.status, loads(given.body)) == (200, {"a": 1})


async def test_a_vendor_acknowledges_duplicates_too_and_its_secrets_are_stored_first(steps: Steps) -> None:
    outcomes: list[Outcome] = []

    def thank(_request: Request, _source: Source, outcome: Outcome) -> Reply:
        outcomes.append(outcome)
        return Reply(202, "thanks", keep=(Keep("renewed", slot="extra"),))

    steps.probe.answer = thank
    steps.probe.reader = lambda *_: [Event("a", 1, id="key")]
    source = await steps.probed()
    given = [await answered(steps, source["urls"]["tracecat"], token=True) for _ in range(2)]
    assert [one.body for one in given] == ["thanks", "thanks"]
    assert [(one.duplicate, one.grant.account) for one in outcomes] == [(False, "acme"), (True, "acme")]
    shown = (await steps.hub.api("GET", f"/api/sources/{source['id']}")).json()["credentials"]
    assert "extra" in {one["slot"] for one in shown}


@pytest.mark.parametrize(("answer", "check", "status"), [(rejecting(403), "vendor", 403), (failing, "plugin", 503)])
async def test_a_vendor_may_reject_or_fail_after_the_request_is_accepted(
    steps: Steps, answer: Any, check: str, status: int
) -> None:
    steps.probe.answer = answer
    steps.probe.reader = lambda *_: [Event("a", 1)]
    accepted = await steps.accepted(steps.arrival((await steps.probed())["urls"]["tracecat"], headers=TOKEN))
    with pytest.raises(RequestRefused) as caught:
        await reply(accepted, steps.parts)
    refusal = caught.value.refusal
    assert (refusal.step, refusal.check, refusal.status) == ("reply", check, status)
    record = accepted.prepared.read.verified.record
    assert (await steps.parts.store.inbound.request(record.org, record.id)).state == "accepted"


async def test_the_source_may_set_status_and_headers_but_hides_no_failure(steps: Steps) -> None:
    own = {"status": 203, "headers": {"X-Own": "1"}, "mode": "lastNode"}
    url = (await steps.source(response=own))["urls"]["tracecat"]
    given = await answered(steps, url)
    assert (given.status, given.headers["X-Own"]) == (203, "1")
    broken = [{"id": "fail", "action": "fail", "with": {"message": "no"}}]
    url = (await steps.hub.workflow(broken, source={"response": own}))["source"]["urls"]["tracecat"]
    failed = await answered(steps, url)
    assert (failed.status, failed.headers["X-Own"]) == (500, "1")
