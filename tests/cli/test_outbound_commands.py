"""`hub subscriptions`, `deliveries`, `events` and `recover` against a running hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from click.testing import CliRunner, Result

from hub.cli import main
from hub.model.json import loads
from hub.testing.live import ADMIN_KEY, LiveHub, live_hub
from tests.outbound.conftest import Receiver, serving

Run = Callable[..., Awaitable[Result]]


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[LiveHub]:
    async with live_hub(tmp_path / "data", egress_allow="127.0.0.0/8") as running:
        yield running


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    one = Receiver()
    async with serving([one]):
        yield one


@pytest.fixture
def run(hub: LiveHub) -> Run:
    """Runs the command line in a thread, as the hub serves in this one."""

    async def invoke(*arguments: str, stdin: str | None = None) -> Result:
        environment = {"HUB_URL": hub.url, "HUB_API_KEY": ADMIN_KEY}
        return await asyncio.to_thread(
            CliRunner().invoke, main, list(arguments), input=stdin, env=environment, catch_exceptions=False
        )

    return invoke


async def test_from_subscription_to_delivery(run: Run, hub: LiveHub, receiver: Receiver, tmp_path: Path) -> None:
    made = await run(
        "subscriptions", "create", "--url", receiver.url, "--event", "order.created", "--header", "X-Team: blue"
    )
    assert made.exit_code == 0, made.output
    subscription = made.output.split()[0]
    assert "whsec_" in made.output
    payload = tmp_path / "order.json"
    payload.write_text('{"n": 1}')
    published = await run("events", "publish", "order.created", f"@{payload}", "--idempotency-key", "k")
    assert "goes to 1 subscription\n" in published.output
    (got,) = await receiver.until(1)
    assert (got.headers["x-team"], got.json()["data"]) == ("blue", {"n": 1})
    await hub.services.outbound.settled()
    (delivery,) = loads((await run("deliveries", "list", "--subscription", subscription, "-j")).output)
    assert delivery["state"] == "delivered"
    assert "delivered" in (await run("deliveries", "show", delivery["id"])).output
    assert "1 messages accepted" in (await run("deliveries", "account")).output
    assert "Everything has been delivered" in (await run("deliveries", "undelivered")).output
    assert subscription in (await run("subscriptions", "list")).output


async def test_a_failing_test_says_why_and_exits_1(run: Run, receiver: Receiver) -> None:
    made = loads(
        (await run("subscriptions", "create", "-j", "--url", receiver.url, "--event", "x", "--unsigned")).output
    )
    receiver.replies = [web.Response(status=500)]
    failed = await run("subscriptions", "test", made["id"], "x")
    assert (failed.exit_code, failed.output) == (1, "failed: the receiver answered 500\n")
    assert (await run("subscriptions", "test", made["id"], "x")).exit_code == 0


async def test_recover_shows_what_it_did(run: Run, hub: LiveHub, receiver: Receiver) -> None:
    spec = '{"retry": {"retries": 0}, "events": ["x"]}'
    made = loads((await run("subscriptions", "create", "-j", "--url", receiver.url, "--file", "-", stdin=spec)).output)
    receiver.replies = [web.Response(status=500), web.Response(status=500)]
    for _ in range(2):
        await run("events", "publish", "x", "{}")
    await receiver.until(2)
    await hub.services.outbound.settled()
    done = await run("recover", made["id"], "--since", "1h")
    assert "2 to recover" in done.output
    assert "done: 2 sent again" in done.output
    await receiver.until(4)


async def test_faults_are_told_with_their_fields(run: Run) -> None:
    refused = await run("subscriptions", "create", "--url", "ftp://x/", "--event", "x")
    assert refused.exit_code == 1
    assert "/url" in refused.output
    assert (await run("events", "publish", "x", "{nonsense")).exit_code == 2
    assert (await run("recover", "sub_x")).exit_code == 2
    assert (await run("recover", "sub_x", "--pause")).exit_code == 2


async def test_a_subscription_can_be_changed_and_deleted(run: Run, receiver: Receiver) -> None:
    made = loads((await run("subscriptions", "create", "-j", "--url", receiver.url, "--event", "x")).output)
    subscription = made["id"]
    assert "is disabled" in (await run("subscriptions", "disable", subscription)).output
    assert "is enabled" in (await run("subscriptions", "enable", subscription)).output
    assert '"name": "n"' in (await run("subscriptions", "update", subscription, '{"name": "n"}')).output
    assert (await run("subscriptions", "rotate-secret", subscription)).output.startswith("whsec_")
    assert (await run("subscriptions", "delete", subscription, "--yes")).exit_code == 0
    assert (await run("subscriptions", "show", subscription)).exit_code == 1


async def test_what_failed_is_listed_and_sent_again(run: Run, hub: LiveHub, receiver: Receiver, tmp_path: Path) -> None:
    spec = tmp_path / "subscription.json"
    spec.write_text('{"retry": {"retries": 0}, "events": ["x"]}')
    made = await run(
        "subscriptions", "create", "--url", receiver.url, "--file", str(spec), "--client", "c", "--secret",
        "whsec_" + "c2VjcmV0" * 4, "--insecure",
    )  # fmt: skip
    assert "warning: ssl_verification is off" in made.stderr
    receiver.replies = [web.Response(status=500)]
    published = loads((await run("events", "publish", "x", "-", "--client", "c", "-j", stdin="{}")).output)
    await receiver.until(1)
    await hub.services.outbound.settled()
    listed = await run("deliveries", "list", "--state", "dead")
    assert "the receiver answered 500" in listed.output
    assert published["id"] in (await run("deliveries", "undelivered")).output
    assert "1 dead" in (await run("deliveries", "undelivered")).output
    (dead,) = loads((await run("deliveries", "list", "-j")).output)
    assert "answered 500" in (await run("deliveries", "show", dead["id"])).output
    assert loads((await run("deliveries", "show", "-j", dead["id"])).output)["id"] == dead["id"]
    assert "is pending" in (await run("deliveries", "retry", dead["id"])).output
    await receiver.until(2)
    await hub.services.outbound.settled()
    assert "goes to 1" in (await run("deliveries", "replay", published["id"])).output
    await receiver.until(3)
    await hub.services.outbound.settled()
    assert loads((await run("deliveries", "account", "-j", "--since", "2020-01-01")).output)["messages"] == 1
    assert loads((await run("deliveries", "undelivered", "-j")).output) == []
    assert "hub.subscription.failing" in (await run("events", "types", "--direction", "out")).output
    assert loads((await run("events", "types", "-j")).output)
    assert loads((await run("subscriptions", "list", "-j")).output)[0]["clients"] == ["c"]


async def test_a_recovery_can_be_left_to_itself_and_looked_at(run: Run, receiver: Receiver) -> None:
    made = loads((await run("subscriptions", "create", "-j", "--url", receiver.url, "--event", "x")).output)
    started = await run("recover", made["id"], "--since", "2h", "--until", "1h", "--detach")
    job = started.output.partition(":")[0]
    assert job.startswith("job_")
    assert "done: 0 sent again" in (await run("recover", job)).output
    assert (await run("recover", job, "--pause")).exit_code == 1
    assert (await run("recover", made["id"])).exit_code == 2
    assert (await run("subscriptions", "create", "--url", receiver.url, "--header", "nonsense")).exit_code == 2
    assert (await run("events", "publish", "x", "@/nowhere.json")).exit_code == 2
