"""`hub trigger` against a running hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub import Recording
from hub.cli import main
from hub.model.json import dumps
from hub.testing import LiveHub, Sender, live_hub
from hub.testing.live import ADMIN_KEY
from hub.testing.new_event_ids import with_new_event_ids
from tests.vendors.examples.asana import vendor as asana


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path / "data") as running:
        yield running


async def trigger(hub: LiveHub, *arguments: str) -> Result:
    environment = {"HUB_URL": hub.url, "HUB_API_KEY": ADMIN_KEY}
    return await asyncio.to_thread(CliRunner().invoke, main, ["trigger", *arguments], env=environment)


async def executions(hub: LiveHub, workflow: dict[str, Any]) -> int:
    listed = await hub.api("GET", f"/api/executions?workflow={workflow['id']}")
    return len(listed.json()["items"])


async def secrets(hub: LiveHub, workflow: dict[str, Any]) -> int:
    source = await hub.api("GET", f"/api/sources/{workflow['source']['id']}")
    return len([one for one in source.json()["credentials"] if one["slot"] == "signing"])


@pytest.mark.parametrize(
    ("vendor", "event"),
    [
        ("okta", "user.lifecycle.create"),
        ("github", "issues.opened"),
        ("slack", "app_mention"),
        ("plextrac", "ReportPublished"),
    ],
)
async def test_a_recorded_event_starts_a_workflow_every_time(hub: LiveHub, vendor: str, event: str) -> None:
    workflow = await hub.workflow(source={"vendor": vendor, "signing_secrets": ["the operator's own secret"]})
    for number in (1, 2):
        said = await trigger(hub, vendor, event)
        assert said.exit_code == 0, said.output
        assert "the hub answered 200" in said.output
        assert await executions(hub, workflow) == number
    assert await secrets(hub, workflow) == 1, "the throw-away secret is gone, the operator's own is still there"


async def test_the_same_event_is_a_duplicate(hub: LiveHub) -> None:
    workflow = await hub.workflow(source={"vendor": "github", "signing_secrets": ["known"]})
    for _ in range(2):
        said = await trigger(hub, "github", "issues.opened", "--same", "--secret", "known")
        assert said.exit_code == 0, said.output
    assert await executions(hub, workflow) == 1


async def test_a_handshake_is_sent_by_the_name_of_its_recording(hub: LiveHub) -> None:
    await hub.workflow(source={"vendor": "okta"})
    said = await trigger(hub, "okta", "verification")
    assert said.exit_code == 0, said.output
    assert "verification" in said.output


async def test_a_refusal_is_a_failure(hub: LiveHub) -> None:
    await hub.workflow(source={"vendor": "github", "signing_secrets": ["known"]})
    said = await trigger(hub, "github", "issues.opened", "--secret", "another")
    assert said.exit_code == 1
    assert "answered 401" in said.output


async def test_where_to_send_must_be_clear(hub: LiveHub) -> None:
    assert "no source has the vendor github" in (await trigger(hub, "github", "push")).output
    first = await hub.workflow(source={"vendor": "github"})
    await hub.workflow(source={"vendor": "github"})
    said = await trigger(hub, "github", "push")
    assert said.exit_code == 1
    assert first["source"]["id"] in said.output
    assert (await trigger(hub, "github", "push", "--to", first["source"]["id"])).exit_code == 0
    assert await executions(hub, first) == 1


async def test_unknown_vendors_and_events_are_named_with_the_known_ones(hub: LiveHub) -> None:
    assert "installed: github, okta" in (await trigger(hub, "nobody", "x")).output
    assert "issues.opened" in (await trigger(hub, "github", "x")).output


def test_ids_that_are_made_from_the_request_stay_as_they_are() -> None:
    one = {"action": "added", "created_at": "2026-01-01T00:00:00Z", "resource": {"resource_type": "task"}}
    body = dumps({"events": [one]})
    recording = Recording(name="task", event_types=("task.added",), body=body)
    assert with_new_event_ids(recording, Sender(asana)) is recording
    broken = Recording(name="task", body=b"{}")
    assert with_new_event_ids(broken, Sender(asana)) is broken
