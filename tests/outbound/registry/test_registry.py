"""Subscriptions with their rules and secrets."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import Conflict, Invalid, NotFound, PreconditionFailed
from hub.model.ids import new_id
from hub.model.stored.outbound import SubscriptionSpec
from hub.outbound.registry.registry import MAKE
from tests.outbound.conftest import Receiver, Rig

URL = "https://127.0.0.1/hooks"


def pointers(error: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [problem.pointer for problem in error.value.problems]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"url": "/relative"}, "/url"),
        ({"url": "https://host/#part"}, "/url"),
        ({"url": "http://127.0.0.1:22/"}, "/url"),
        ({"url": "http://[::1]/"}, "/url"),
        ({"events": ()}, "/events"),
        ({"events": ("ok", "bad\nname")}, "/events/1"),
        ({"events": ("hub.",)}, "/events/0"),
        ({"clients": ("a", "")}, "/clients/1"),
        ({"scheme": "unknown"}, "/scheme"),
        ({"headers": {"Content-Length": "5"}}, "/headers/Content-Length"),
        ({"headers": {"X-Hub-Signature-256": "5"}}, "/headers/X-Hub-Signature-256"),
        ({"headers": {"a": "1", "A": "2"}}, "/headers/A"),
        ({"headers": {"a": " padded "}}, "/headers/a"),
        ({"headers": {f"x-{number}": "" for number in range(51)}}, "/headers"),
        ({"template": {"text": "{{ data. }}"}}, "/template/text"),
        ({"tls": {"client_certificate": "none"}}, "/tls/client_certificate"),
    ],
)
async def test_each_fault_names_its_field(rig: Rig, fields: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as error:
        await rig.subscribe(**{"url": URL, **fields})
    assert pointer in pointers(error)


async def test_all_faults_are_told_at_once(rig: Rig) -> None:
    with pytest.raises(Invalid) as error:
        await rig.subscribe("ftp://x/", scheme="unknown", headers={"Host": "x"})
    assert {"/url", "/scheme", "/headers/Host"} <= set(pointers(error))


async def test_which_address_is_refused_is_for_operators(rig: Rig) -> None:
    spec = SubscriptionSpec(url="http://10.1.2.3/", events=("x",))
    for operator, shown in ((True, True), (False, False)):
        with pytest.raises(Invalid) as error:
            await rig.outbound.registry.create(rig.org, spec, operator=operator)
        assert ("10.1.2.3" in error.value.problems[0].message) is shown


@pytest.mark.parametrize(
    ("scheme", "secret"), [("standard", "whsec_c2hvcnQ="), ("standard", "nonsense"), ("standard-ed25519", "whsec_x")]
)
async def test_a_secret_that_its_scheme_cannot_use_is_refused(rig: Rig, scheme: str, secret: str) -> None:
    with pytest.raises(Invalid) as error:
        await rig.subscribe(URL, scheme=scheme, secret=secret)
    assert pointers(error) == ["/secret"]
    assert secret not in str(error.value.problems)


async def test_a_custom_header_cannot_take_the_place_of_the_signature(rig: Rig) -> None:
    with pytest.raises(Invalid) as error:
        await rig.subscribe(URL, scheme="bearer", headers={"Authorization": "Bearer mine"})
    assert pointers(error) == ["/headers/Authorization"]


async def test_a_new_scheme_reads_the_secret_anew_or_asks_for_one(rig: Rig) -> None:
    made = await rig.subscribe(URL, scheme="github", secret="a plain one")
    wider = made.record.spec.model_copy(update={"scheme": "hmac-sha256"})
    changed = await rig.outbound.registry.update(rig.current(made), wider)
    assert [each.text for each in changed.record.secrets] == ["a plain one"]
    standard = made.record.spec.model_copy(update={"scheme": "standard"})
    with pytest.raises(Invalid) as error:
        await rig.outbound.registry.update(rig.current(made), standard)
    assert pointers(error) == ["/scheme"]
    again = await rig.outbound.registry.update(rig.current(made), standard, MAKE)
    assert (again.secret or "").startswith("whsec_")
    assert len(again.record.secrets) == 1


async def test_a_given_secret_takes_the_place_of_the_old_ones_and_null_removes_them(rig: Rig) -> None:
    made = await rig.subscribe(URL, scheme="github")
    registry, spec = rig.outbound.registry, made.record.spec
    given = await registry.update(rig.current(made), spec, "another")
    assert [each.text for each in given.record.secrets] == ["another"]
    assert given.secret is None
    none = await registry.update(rig.current(made), spec, None)
    assert none.record.secrets == ()


async def test_a_change_is_guarded_by_the_generation(rig: Rig) -> None:
    made = await rig.subscribe(URL)
    registry, spec = rig.outbound.registry, made.record.spec
    await registry.update(made.record, spec)
    for stale in (
        registry.update(made.record, spec),
        registry.rotate(made.record),
        registry.rotate(made.record, overlap_seconds=5),
        registry.delete(made.record),
    ):
        with pytest.raises(PreconditionFailed):
            await stale
    assert rig.current(made).secrets == made.record.secrets


async def test_the_last_secret_cannot_be_revoked(rig: Rig) -> None:
    made = await rig.subscribe(URL)
    registry = rig.outbound.registry
    (first,) = made.record.secrets
    with pytest.raises(Conflict):
        await registry.revoke(rig.current(made), first.id)
    await registry.rotate(rig.current(made), overlap_seconds=60)
    record = await registry.revoke(rig.current(made), first.id)
    assert first.id not in [each.id for each in record.secrets]
    with pytest.raises(NotFound):
        await registry.revoke(rig.current(made), first.id)


async def test_rotation_without_overlap_leaves_one_secret(rig: Rig) -> None:
    made = await rig.subscribe(URL)
    rotated = await rig.outbound.registry.rotate(rig.current(made))
    assert [each.text for each in rotated.record.secrets] == [rotated.secret]
    with pytest.raises(Invalid):
        await rig.outbound.registry.rotate(rig.current(made), overlap_seconds=-1)


async def test_other_orgs_see_nothing(rig: Rig) -> None:
    made = await rig.subscribe(URL)
    with pytest.raises(NotFound):
        rig.outbound.registry.get(new_id(), made.record.id)
    with pytest.raises(NotFound):
        rig.outbound.registry.by_cuid(new_id(), made.record.cuid)
    assert rig.outbound.registry.by_cuid(rig.org, made.record.cuid) == made.record


async def test_a_template_shapes_the_body(rig: Rig, receiver: Receiver) -> None:
    await rig.subscribe(receiver.url, template={"text": "Order {{ data.n }} of {{ type }}", "n": "{{ data.n }}"})
    await rig.publish({"n": 5})
    (got,) = await receiver.until(1)
    assert got.json() == {"text": "Order 5 of order.created", "n": 5}


async def test_a_template_that_fails_leaves_a_dead_delivery_and_the_others_alone(rig: Rig, receiver: Receiver) -> None:
    shaped = await rig.subscribe(receiver.url, template="{{ data.missing }}")
    await rig.subscribe(receiver.url)
    published = await rig.publish({"n": 5})
    await receiver.until(1)
    await rig.outbound.settled()
    assert sorted(await rig.states()) == ["dead", "delivered"]
    (dead,) = await rig.deliveries(state="dead")
    assert "the body template failed" in dead.error
    with pytest.raises(Conflict, match="replay the message"):
        await rig.outbound.retry(rig.org, dead.id)
    mended = shaped.record.spec.model_copy(update={"template": "{{ data.n }}"})
    await rig.outbound.registry.update(rig.current(shaped), mended)
    assert await rig.outbound.replay(rig.org, published.id) == 2
    got = await receiver.until(3)
    await rig.outbound.settled()
    assert 5 in [each.json() for each in got]
    assert await rig.states() == ["delivered", "delivered"]


async def test_a_change_judges_only_what_it_changes(rig: Rig) -> None:
    """The subscription was made under other rules; what they refuse today hinders no change of another field."""
    old = SubscriptionSpec(url="http://10.1.2.3/", events=("x",), headers={"Host": "x"}, template="{{ 1 +")
    record = await rig.store.outbound.subscribe(rig.org, old, ())
    registry = rig.outbound.registry
    renamed = (await registry.update(record, old.model_copy(update={"name": "new"}))).record
    assert (renamed.spec.name, renamed.spec.url) == ("new", old.url)
    for field, value in (("url", "http://10.1.2.4/"), ("headers", {"Host": "y"}), ("template", "{{ 2 +")):
        with pytest.raises(Invalid) as error:
            await registry.update(renamed, old.model_copy(update={field: value}))
        assert [pointer.split("/")[1] for pointer in pointers(error)] == [field]
