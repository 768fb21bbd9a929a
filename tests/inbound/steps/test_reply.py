"""Step 9: the first rule that applies answers the sender."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub import Event, Keep, Outcome, Reply, Request, Source
from hub.errors import StoreUnavailable
from hub.inbound.steps.reply import reply
from hub.model.json import loads
from hub.plugins.clock import RequestClock
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
    said = loads(given.body)
    assert (given.status, said["message"]) == (200, "Workflow execution created")
    assert said["wf_exec_id"].startswith("wf_")
    echoed = await answered(steps, f"{url}?echo=true", b'{"a": 1}')
    assert loads(echoed.body)["payload"] == {"a": 1}
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
    assert given.headers["location"] == loads(given.body)["status_url"]


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


@pytest.mark.parametrize("answer", [rejecting(403), failing])
async def test_a_vendor_that_rejects_or_fails_after_the_request_is_accepted_is_answered_for(
    steps: Steps, answer: Any
) -> None:
    steps.probe.answer = answer
    steps.probe.reader = lambda *_: [Event("a", 1)]
    accepted = await steps.accepted(steps.arrival((await steps.probed())["urls"]["tracecat"], headers=TOKEN))
    given = await reply(accepted, steps.parts)
    assert (given.status, loads(given.body)["message"]) == (200, "Workflow execution created")


async def test_a_reply_never_runs_on_a_spent_clock(steps: Steps) -> None:
    steps.probe.answer = lambda *_: Reply(202)
    steps.probe.reader = lambda *_: [Event("a", 1)]
    accepted = await steps.accepted(steps.arrival((await steps.probed())["urls"]["tracecat"], headers=TOKEN))
    verified = replace(accepted.prepared.read.verified, clock=RequestClock(0))
    read = replace(accepted.prepared.read, verified=verified)
    accepted = replace(accepted, prepared=replace(accepted.prepared, read=read))
    assert (await reply(accepted, steps.parts)).status == 202


async def broken(*_arguments: Any, **_named: Any) -> Any:
    raise StoreUnavailable("the disk is full")


@pytest.mark.parametrize("part", ["envelope", "node_outputs", "status_url"])
@pytest.mark.parametrize("path", ["", "/wait"])
async def test_a_part_that_fails_after_the_commit_changes_no_success(steps: Steps, part: str, path: str) -> None:
    def failing_url(*_: Any) -> str:
        raise OSError("no")

    url = (await steps.source(response={"mode": "lastNode"}))["urls"]["tracecat"]
    with_fault = steps.with_parts(**{part: failing_url if part == "status_url" else broken})
    assert (await answered(with_fault, url + path, b'{"a": 1}')).status == 200


async def test_the_source_may_set_status_and_headers_but_hides_no_failure(steps: Steps) -> None:
    own = {"status": 203, "headers": {"X-Own": "1"}, "mode": "lastNode"}
    url = (await steps.source(response=own))["urls"]["tracecat"]
    given = await answered(steps, url)
    assert (given.status, given.headers["X-Own"]) == (203, "1")
    broken = [{"id": "fail", "action": "fail", "with": {"message": "no"}}]
    url = (await steps.hub.workflow(broken, source={"response": own}))["source"]["urls"]["tracecat"]
    failed = await answered(steps, url)
    assert (failed.status, failed.headers["X-Own"]) == (500, "1")
