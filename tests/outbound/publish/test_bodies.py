"""The body of a delivery is made once."""

from __future__ import annotations

from typing import Any

from hub.model.ids import new_id
from hub.model.json import loads
from hub.model.stored.outbound import MessageRecord, SubscriptionRecord, SubscriptionSpec
from hub.outbound.publish.bodies import BodyTemplates, freeze_bodies, timestamp
from hub.workflows.payloads import body_template

MESSAGE = MessageRecord(b"o" * 16, new_id(), "order.created", {"n": 2**70}, 1_800_000_000_123_456, client="c1")


def subscription(**spec: Any) -> SubscriptionRecord:
    fields = {"url": "https://r.example/", "events": ("order.created",), **spec}
    return SubscriptionRecord(b"o" * 16, new_id(), "cuid", SubscriptionSpec.model_validate(fields), (), 1, 0, 0)


def test_standard_webhooks_wraps_and_others_send_the_data_as_it_is() -> None:
    standard, key, github = subscription(), subscription(scheme="standard-ed25519"), subscription(scheme="github")
    bodies = freeze_bodies(MESSAGE, [standard, key, github], BodyTemplates(body_template)).bodies
    assert loads(bodies[standard.id]) == {
        "type": "order.created", "timestamp": "2027-01-15T08:00:00.123456Z", "data": {"n": 2**70},
    }  # fmt: skip
    assert bodies[key.id] is bodies[standard.id]
    assert bodies[github.id] == b'{"n":1180591620717411303424}'


def test_a_template_wins_and_sees_the_whole_message() -> None:
    shaped = subscription(template={"t": "{{ type }} {{ client }}", "d": "{{ data }}", "at": "{{ timestamp }}"})
    bodies = freeze_bodies(MESSAGE, [shaped], BodyTemplates(body_template)).bodies
    assert loads(bodies[shaped.id]) == {
        "t": "order.created c1", "d": {"n": 2**70}, "at": timestamp(MESSAGE.created),
    }  # fmt: skip


def test_a_failing_template_is_told_and_leaves_the_others_alone() -> None:
    failing, well = subscription(template="{{ data.missing }}"), subscription()
    leaky = subscription(template="{{ connections.slack.token }}")
    frozen = freeze_bodies(MESSAGE, [failing, well, leaky], BodyTemplates(body_template))
    assert set(frozen.bodies) == {well.id}
    assert "missing" in frozen.failures[failing.id]
    assert "connection" in frozen.failures[leaky.id]


def test_templates_are_compiled_once() -> None:
    compiled: list[Any] = []

    def language(template: Any) -> Any:
        compiled.append(template)
        return lambda _: template

    templates = BodyTemplates(language)
    for _ in range(3):
        assert templates.compile({"a": 1})({}) == {"a": 1}
    assert compiled == [{"a": 1}]
