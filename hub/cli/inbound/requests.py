"""`hub requests` and `hub replay`: requests as stored, and running them again."""

from __future__ import annotations

from typing import Any

import click

from hub.cli.terminal.client import HubClient
from hub.cli.terminal.group import Group
from hub.cli.terminal.inputs import moment_input
from hub.cli.terminal.output import json_always, json_option, print_json, print_table
from hub.cli.terminal.progress import watch_job

__all__ = ["COLUMNS", "replay", "requests", "row_of"]

COLUMNS = ("id", "received", "state", "step", "method", "url", "reason")


def row_of(one: dict[str, str]) -> tuple[str, ...]:
    """A request as a row of `COLUMNS`."""
    return tuple(one[name] for name in COLUMNS)


@click.group(cls=Group)
def requests() -> None:
    """List requests, accepted and refused, and read them."""


@requests.command("list")
@click.option("--source", help="Only requests to this source.")
@click.option("--state", help="Only requests in this state: accepted, refused, held, challenge or duplicate.")
@click.option("--limit", default=50, show_default=True)
@json_option
def list_(source: str | None, state: str | None, limit: int, *, as_json: bool) -> None:
    """List requests, newest first."""
    query = {"source": source, "state": state, "limit": str(limit)}
    items = HubClient().call("GET", "/api/requests", query=query)["items"]
    if as_json:
        print_json(items)
        return
    print_table(COLUMNS, [row_of(one) for one in items], empty="There are no requests.")


@requests.command()
@click.argument("request")
@json_always
def show(request: str) -> None:
    """Show a request with headers, body, events and executions as JSON."""
    print_json(HubClient().call("GET", f"/api/requests/{request}"))


@requests.command()
@click.argument("request")
@json_option
def explain(request: str, *, as_json: bool) -> None:
    """Explain step by step why a stored request would pass or fail now."""
    explanation = HubClient().call("POST", "/api/verify", {"request": request})
    if as_json:
        print_json(explanation)
        return
    rows = [
        (one["step"], one["check"], one["result"], "; ".join([one["detail"], *one["hints"]]))
        for one in explanation["steps"]
    ]
    print_table(("step", "check", "result", "detail"), rows, empty="")
    click.echo(f"verdict: {explanation['verdict']}")
    recorded = explanation["recorded"]
    if recorded is not None:
        why = f": {recorded['reason']}" if recorded["reason"] else ""
        click.echo(f"when it came in: {recorded['state']}, {recorded['status']}{why}")


@click.command()
@click.argument("request", required=False)
@click.option("--since", help="Replay all since then: 90m, 2h, 3d, or ISO 8601.")
@click.option("--until", help="Before then; now, if left out.")
@click.option("--source", help="Of this source only.")
@click.option("--state", help="accepted, held or duplicate; left out: accepted and held.")
@click.option(
    "--judge-again", is_flag=True, help="Judge a refused request by the credentials of now; it runs if it passes."
)
@click.option("--dry-run", is_flag=True, help="Only count the requests of the span.")
@json_option
def replay(
    request: str | None,
    since: str | None,
    until: str | None,
    source: str | None,
    state: str | None,
    *,
    judge_again: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Run a request again, or all of a span; what was held is released.

    Ctrl-C leaves a span's job running; `hub jobs` lists and steers it. With --json it is not waited for.
    """
    if (request is None) == (since is None):
        raise click.UsageError("name a request, or say --since")
    client = HubClient()
    if judge_again and request is None:
        raise click.UsageError("--judge-again takes a single request")
    if request is not None:
        done = client.call("POST", f"/api/requests/{request}/replay", {"judge_again": True} if judge_again else None)
        if judge_again:
            _show_judgement(done, as_json=as_json)
            return
        if as_json:
            print_json(done)
        else:
            started = ", ".join(one["id"] for one in done["executions"]) or "nothing"
            click.echo(f"{done['id']}{' is released' if done['released'] else ''}: started {started}")
        return
    body: dict[str, Any] = {"since": moment_input(since or ""), "source": source, "state": state, "dry_run": dry_run}
    if until is not None:
        body["until"] = moment_input(until)
    job = client.call("POST", "/api/requests/replay", {name: one for name, one in body.items() if one is not None})
    if as_json:
        print_json(job)
    elif dry_run:
        click.echo(f"{job['total']} would be replayed")
    else:
        job = watch_job(client, job)
        click.echo(f"{job['state']}: {job['done']} of {job['total']} replayed, {job['failed']} failed")


def _show_judgement(done: dict[str, Any], *, as_json: bool) -> None:
    """Print the verdict of now on a refused request; the command fails where the request does."""
    if as_json:
        print_json(done)
    else:
        rows = [(one["step"], one["check"], one["result"], one["detail"]) for one in done["steps"]]
        print_table(("step", "check", "result", "detail"), rows, empty="")
        started = ", ".join(one["id"] for one in done["executions"]) or "nothing"
        again = " again" if done["duplicate"] else ""
        outcome = f"{done['id']}: started {started}{again}" if done["id"] else "nothing was started"
        click.echo(f"verdict: {done['verdict']}; {outcome}")
    if done["verdict"] != "pass":
        raise SystemExit(1)
