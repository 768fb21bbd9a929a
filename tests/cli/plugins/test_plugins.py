"""`hub plugins`: faults of plugins leave the hub serving and are shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from hub.testing.live import ADMIN_KEY, HubProcess
from tests.cli.processes import run_hub

RIVAL = """
    from hub import Token, Vendor

    vendor = Vendor(name="okta", title="Not Okta", verify=Token(header="x-token"), read=lambda request, source: ())
"""
BROKEN = "raise RuntimeError('cannot reach the moon')"
HANGING = """
    import asyncio

    from hub import Token, Vendor, hookimpl

    @hookimpl
    def hub_register(registry):
        registry.vendor(
            Vendor(
                name="hang",
                title="Hang",
                verify=Token(header="x-token"),
                read=lambda request, source: (),
                deadline=0.3,
            )
        )

    @hookimpl
    async def hub_guard(request):
        await asyncio.get_running_loop().create_future()
"""
COMMANDS = """
    import click

    from hub import hookimpl

    @click.group()
    def weather():
        \"\"\"Ask the weather.\"\"\"

    @weather.command()
    @click.argument("place")
    def at(place):
        click.echo(f"sunny in {place}")

    @click.command("keys")
    def keys():
        click.echo("not the core's")

    @hookimpl
    def hub_register(registry):
        registry.command(weather)
        registry.command(keys)
"""


async def shown(**given: str) -> dict[tuple[str, str], dict[str, Any]]:
    """What `hub plugins --json` shows, by name and distribution."""
    said = await run_hub("plugins", "--json", **given)
    assert said.status == 0, said.err
    return {(one["name"], one["distribution"]): one for one in json.loads(said.out)}


async def test_the_four_plugins_are_listed_without_a_running_hub(tmp_path: Path) -> None:
    found = await shown(HUB_URL="http://127.0.0.1:9", HUB_DATA_DIR=str(tmp_path / "none"))
    for name in ("github", "okta", "plextrac", "slack"):
        one = found[name, f"hub-{name}"]
        assert (one["status"], one["reason"]) == ("active", "")
        assert one["adds"]["vendor"] == [name]
    assert not (tmp_path / "none").exists()


async def test_three_faulty_plugins_leave_the_hub_serving_and_are_shown(
    tmp_path: Path, session: aiohttp.ClientSession, distribution: Callable[..., str]
) -> None:
    distribution("hub-rival", {"okta": "hub_rival:vendor"}, RIVAL)
    distribution("hub-broken", {"broken": "hub_broken"}, BROKEN)
    path = distribution("hub-hang", {"hang": "hub_hang"}, HANGING)
    hub = HubProcess(tmp_path / "data", session, PYTHONPATH=path, PYTHONDONTWRITEBYTECODE="")
    await hub.start()
    reach = {"HUB_URL": hub.url, "HUB_API_KEY": ADMIN_KEY}
    try:
        found = await shown(**reach)
        for distributed in ("hub-okta", "hub-rival"):
            clash = found["okta", distributed]
            assert clash["status"] == "broken"
            assert "claimed by hub-okta 0.1.0 and hub-rival 1.0; none of them is loaded" in clash["reason"]
        broken = found["broken", "hub-broken"]
        assert (broken["status"], broken["reason"]) == (
            "broken",
            "import failed: RuntimeError: cannot reach the moon",
        )
        assert (found["hang", "hub-hang"]["status"], found["hang", "hub-hang"]["reason"]) == ("active", "")
        assert found["slack", "hub-slack"]["status"] == "active"

        workflow = await hub.workflow(source={"vendor": "hang", "signing_secrets": ["a-shared-secret"]})
        url = workflow["source"]["urls"]["tracecat"]
        refused = await hub.post(url, {"n": 1}, headers={"X-Token": "a-shared-secret"})
        assert refused.status == 503
        assert (await hub.send("GET", "/healthz")).status == 200
        hang = (await shown(**reach))["hang", "hub-hang"]
        assert hang["status"] == "active"
        assert hang["reason"].startswith("hub_guard did not answer within 0.3 s (failed once, last at ")
        table = (await run_hub("plugins", **reach)).out
        assert "hub_guard did not answer" in table
        assert "cannot reach the moon" in table

        said = await run_hub("plugins", "disable", "hang", **reach)
        assert (said.status, said.out) == (0, "hang is disabled; enable it again with `hub plugins enable hang`\n")
        other = await hub.workflow()
        assert (await hub.post(other["source"]["urls"]["tracecat"], {"n": 2})).status == 200
        said = await run_hub("plugins", "enable", "hang", **reach)
        assert (said.status, said.out) == (0, "hang is active\n")
        said = await run_hub("plugins", "disable", "nobody", **reach)
        assert (said.status, said.err) == (1, "Error: no plugin is named 'nobody' (404)\n")
    finally:
        assert await hub.stop() == 0


async def test_strict_mode_turns_a_fault_into_a_failed_start(tmp_path: Path, distribution: Callable[..., str]) -> None:
    path = distribution("hub-broken", {"broken": "hub_broken"}, BROKEN)
    said = await run_hub("serve", HUB_STRICT="1", HUB_PORT="0", HUB_DATA_DIR=str(tmp_path / "data"), PYTHONPATH=path)
    assert said.status == 1
    assert said.err.splitlines()[-1].startswith("Error: plugin broken: broken: import failed: RuntimeError: cannot")
    assert said.err.endswith("(HUB_STRICT is on)\n")


async def test_help_names_every_command() -> None:
    said = await run_hub("--help")
    assert said.status == 0
    for command in ("init", "plugins", "serve"):
        assert f"  {command} " in said.out


async def test_commands_of_plugins_stand_beside_the_cores_which_keep_their_names(
    distribution: Callable[..., str],
) -> None:
    path = distribution("hub-weather", {"weather": "hub_weather"}, COMMANDS)
    said = await run_hub("weather", "at", "Oslo", PYTHONPATH=path)
    assert (said.status, said.out) == (0, "sunny in Oslo\n")
    listed = await run_hub("--help", PYTHONPATH=path)
    assert "  weather        Ask the weather.\n" in listed.out
    core = await run_hub("keys", "--help", PYTHONPATH=path)
    assert "not the core's" not in core.out
    assert (await run_hub("nonsense", PYTHONPATH=path)).status == 2


async def test_what_a_vendor_needs_is_shown_with_its_guide(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    hub = HubProcess(tmp_path / "data", session)
    await hub.start()
    reach = {"HUB_URL": hub.url, "HUB_API_KEY": ADMIN_KEY}
    try:
        said = await run_hub("plugins", "guide", "slack", **reach)
        assert said.status == 0, said.err
        assert "Signing secret  the vendor" in said.out
        assert "# Slack" in said.out
        told = await run_hub("plugins", "guide", "slack", "--json", **reach)
        assert "{url}" in json.loads(told.out)["guide"]
        said = await run_hub("plugins", "guide", "nobody", **reach)
        assert (said.status, said.err) == (1, "Error: no active plugin provides the vendor 'nobody' (404)\n")
    finally:
        assert await hub.stop() == 0
