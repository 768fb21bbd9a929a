"""Orgs, keys, connections, audit, jobs, plugins."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from hub.errors import Conflict, NotFound
from hub.model.ids import Id, new_id
from hub.model.stored.access import AuditEntry, Job, KeyRecord

if TYPE_CHECKING:
    from hub.store.sql.store import SqlStore
    from tests.store.conftest import OpenStore


@pytest.fixture
def org(store: SqlStore) -> Id:
    default = store.snapshot.org_named("default")
    assert default is not None
    return default.id


def key(org: Id, **fields: Any) -> KeyRecord:
    return replace(KeyRecord(org, new_id(), "ci", "editor", new_id() + new_id(), "wxyz", created=5), **fields)


async def test_the_default_org_is_made_once(open_store: OpenStore) -> None:
    async with open_store() as first, open_store("two") as second:
        assert len(first.snapshot.orgs) == 1
        assert first.snapshot.orgs == second.snapshot.orgs


async def test_org_names_are_unique(store: SqlStore) -> None:
    made = await store.access.create_org("acme")

    assert store.snapshot.org_named("acme") == made
    with pytest.raises(Conflict):
        await store.access.create_org("acme")


async def test_keys_are_found_by_digest_and_revoked_at_once(store: SqlStore, org: Id) -> None:
    first, second = key(org, expires=9, operator=True), key(org)
    for one in (first, second):
        await store.access.create_key(one)

    assert store.snapshot.keys[first.digest] == first
    assert await store.access.keys(org) == (second, first)
    with pytest.raises(Conflict):
        await store.access.create_key(replace(first, id=new_id()))
    await store.access.revoke_key(org, first.id, 77)
    assert store.snapshot.keys[first.digest].revoked == 77
    assert store.snapshot.keys[second.digest].revoked is None
    with pytest.raises(NotFound):
        await store.access.revoke_key(org, new_id(), 77)


async def test_connections_show_fields_and_hand_out_values_by_name(store: SqlStore, org: Id) -> None:
    made = await store.access.put_connection(org, "slack", "bearer", {"token": "xoxb", "url": "https://x"})
    again = await store.access.put_connection(org, "slack", "bearer", {"token": "xoxc"})

    assert (again.id, made.fields, again.fields) == (made.id, ("token", "url"), ("token",))
    assert await store.access.connections(org) == (again,)
    assert await store.access.connection_values(org, "slack") == {"token": "xoxc"}
    await store.access.put_connection(org, "empty", "none", {})
    assert await store.access.connection_values(org, "empty") == {}
    await store.access.delete_connection(org, "slack")
    for missing in (store.access.connection_values(org, "slack"), store.access.delete_connection(org, "slack")):
        with pytest.raises(NotFound):
            await missing


async def test_connections_are_of_one_org(store: SqlStore, org: Id) -> None:
    other = await store.access.create_org("other")
    await store.access.put_connection(org, "slack", "bearer", {"token": "a"})
    await store.access.put_connection(other.id, "slack", "bearer", {"token": "b"})

    assert await store.access.connection_values(other.id, "slack") == {"token": "b"}
    assert await store.access.connection_values(org, "slack") == {"token": "a"}


async def test_the_audit_log_pages_newest_first(store: SqlStore, org: Id) -> None:
    entries = [AuditEntry(org, new_id(), at, None, "source.update", "src_x", {"n": at}) for at in range(3)]
    for entry in entries:
        await store.access.audit(entry)

    page = await store.access.audit_log(org, limit=2)
    rest = await store.access.audit_log(org, limit=2, cursor=page.next)

    assert [*page.items, *rest.items] == entries[::-1]


async def test_unfinished_jobs_are_found_after_a_restart(open_store: OpenStore) -> None:
    async with open_store() as store:
        org = next(iter(store.snapshot.orgs))
        job = Job(org, new_id(), "recover", {"since": 1}, "counting", 0, 0, 0, "", 1, 1)
        await store.access.put_job(job)
        await store.access.put_job(running := replace(job, state="running", total=9, done=4, cursor="c"))
        await store.access.put_job(replace(job, id=new_id(), state="done"))
    async with open_store() as again:
        assert await again.access.open_jobs() == (running,)
        assert await again.access.job(org, job.id) == running
        with pytest.raises(NotFound):
            await again.access.job(org, new_id())


async def test_plugins_keep_what_is_not_said_again(store: SqlStore) -> None:
    await store.access.set_plugin("okta", version="1.2")
    await store.access.set_plugin("okta", disabled=True)
    await store.access.set_plugin("slack")

    assert await store.access.plugins() == {"okta": (True, "1.2"), "slack": (False, None)}
    assert store.snapshot.disabled_plugins == {"okta"}
    await store.access.set_plugin("okta", disabled=False)
    assert store.snapshot.disabled_plugins == frozenset()
