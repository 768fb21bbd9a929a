"""What people type wrongly is answered by a sentence, never by a traceback."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click
import pytest
from aiohttp import web
from click.testing import CliRunner, Result
from rich.console import Console

from hub.cli import main
from hub.cli.terminal import output
from hub.testing.live import ADMIN_KEY, LiveHub, live_hub
from tests.cli.processes import SECONDS, start_hub


def said(url: str, *arguments: str, key: str = ADMIN_KEY, stdin: str = "") -> Result:
    environment = {"HUB_URL": url, "HUB_API_KEY": key, "HUB_ORG": ""}
    return CliRunner().invoke(main, list(arguments), env=environment, input=stdin, catch_exceptions=False)


def test_an_address_that_is_none() -> None:
    result = said("hub.example", "sources", "list")
    assert result.exit_code == 1
    assert result.output == "Error: hub.example is not a URL: set HUB_URL to http://HOST:PORT or https://HOST\n"


def test_a_key_with_a_line_break() -> None:
    result = said("http://127.0.0.1:9", "sources", "list", key="one\ntwo")
    assert result.exit_code == 1
    assert "set HUB_API_KEY again" in result.output


def test_a_workflow_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "flow").write_bytes(b"\x14\x86\xff\x00")
    result = said("http://127.0.0.1:9", "workflows", "create", str(tmp_path / "flow"))
    assert result.exit_code == 1
    assert "neither JSON nor YAML" in result.output


def test_a_moment_that_is_none() -> None:
    result = said("http://127.0.0.1:9", "deliveries", "account", "--since", "yesterday")
    assert result.exit_code == 2
    assert "'yesterday' is not a time: write 90m, 2h or 3d (ago), or ISO 8601" in result.output


def test_the_help_says_whole_sentences() -> None:
    for command in ((), ("sources",), ("subscriptions",), ("plugins",)):
        assert "..." not in said("", *command, "--help").output.split("Commands:")[1]


async def test_something_else_answers() -> None:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text="<html>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/{path:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        result = await asyncio.to_thread(said, url, "sources", "list")
        assert (result.exit_code, result.output) == (1, f"Error: the server at {url} is not a hub: set HUB_URL\n")
        secure = url.replace("http:", "https:")
        result = await asyncio.to_thread(said, secure, "sources", "list")
        assert "SSL" in result.output
    finally:
        await runner.cleanup()


async def test_against_a_running_hub(tmp_path: Path) -> None:
    async with live_hub(tmp_path / "data") as hub:
        await connections_are_read_from_standard_input(hub)
        await tables_end_where_their_text_ends(hub)
        await an_interrupt_ends_tail_quietly(hub)


def test_ids_stay_in_one_piece_in_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "console", lambda: Console(width=40))
    row = ("src_0351OxGDsIc4uFQEgjkjXW", "2026-11-22T04:35:16.070Z", "the signature matches no live secret")

    @click.command()
    def show() -> None:
        output.print_table(("id", "received", "reason"), [row], empty="")

    printed = CliRunner().invoke(show).output
    assert row[0] in printed
    assert row[1] in printed
    assert row[2] not in printed


async def connections_are_read_from_standard_input(hub: LiveHub) -> None:
    arguments = ("connections", "set", "pager", "--field", "user", "--field", "token")
    result = await asyncio.to_thread(said, hub.url, *arguments, stdin="ada\nsecret\n")
    assert (result.exit_code, result.output) == (0, "connections.pager is set: user, token\n")
    result = await asyncio.to_thread(said, hub.url, *arguments, stdin="ada\n")
    assert (result.exit_code, result.output) == (1, "Error: standard input has no line with the value of token\n")


async def tables_end_where_their_text_ends(hub: LiveHub) -> None:
    result = await asyncio.to_thread(said, hub.url, "keys", "list")
    assert "first admin key" in result.output
    assert all(line == line.rstrip() for line in result.output.splitlines())


async def an_interrupt_ends_tail_quietly(hub: LiveHub) -> None:
    workflow = await hub.workflow()
    await hub.send("POST", workflow["source"]["urls"]["tracecat"], b"{}")
    process = await start_hub("tail", HUB_URL=hub.url, HUB_API_KEY=ADMIN_KEY)
    assert process.stdout is not None
    await asyncio.wait_for(process.stdout.readline(), SECONDS)
    process.send_signal(signal.SIGINT)
    out, err = await asyncio.wait_for(process.communicate(), SECONDS)
    assert (out, err, process.returncode) == (b"", b"", 0)
