"""Lists that are short or in memory: all of it, or pages where the caller asks for them."""

from __future__ import annotations

from typing import Any

from hub.testing.live import LiveHub

LISTS = ["event-types", "plugins", "vendors", "actions", "keys", "orgs", "connections", "internal/webhookevents"]


async def pages(hub: LiveHub, path: str) -> list[Any]:
    items: list[Any] = []
    cursor = ""
    while True:
        page = (await hub.api("GET", f"{path}?limit=200{cursor}")).json()
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = f"&cursor={page['next']}"


async def test_pages_hold_together_what_the_whole_list_holds(hub: LiveHub) -> None:
    for name in LISTS:
        whole = (await hub.api("GET", f"/api/{name}")).json()
        assert whole == {"items": await pages(hub, f"/api/{name}"), "next": None}


async def test_a_deletion_between_two_pages_skips_nothing(hub: LiveHub) -> None:
    """Of what is there from the first page to the last, every item comes once."""
    names = [f"paging.{number}" for number in range(7)]
    for name in names:
        assert (await hub.api("POST", "/api/event-types", {"name": name, "direction": "out"})).status == 201
        body = {"name": name.replace(".", "_"), "kind": "generic", "values": {"token": "x"}}
        assert (await hub.api("POST", "/api/connections", body)).status == 201
        assert (await hub.api("POST", "/api/keys", {"name": name, "role": "viewer"})).status == 201
    for path, remove in (
        ("event-types", "event-types/out/"),
        ("connections", "connections/"),
    ):
        listed: list[str] = []
        cursor = ""
        while True:
            page = (await hub.api("GET", f"/api/{path}?limit=2{cursor}")).json()
            listed += [one["name"] for one in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
            mine = next((one for one in page["items"] if one["name"].startswith("paging")), None)
            if mine is not None:
                assert (await hub.api("DELETE", f"/api/{remove}{mine['name']}")).status in {200, 204}
        assert [one.replace("_", ".") for one in listed if one.startswith("paging")] == names


async def test_a_limit_is_clamped(hub: LiveHub) -> None:
    for limit, count in (("1", 1), ("0", 1), ("-5", 1), ("3", 3), ("many", 50), ("9" * 30, 200)):
        page = (await hub.api("GET", f"/api/event-types?limit={limit}")).json()
        assert (len(page["items"]), bool(page["next"])) == (count, True), limit


async def test_a_cursor_of_somebody_else_is_refused(hub: LiveHub) -> None:
    for cursor in ("zz", "-1", "9" * 30, "W10", "WzFd", "WyJhIl0", "W251bGxd", "W1tdXQ", "e30", "W3RydWUsMV0", "MTU"):
        answer = await hub.api("GET", f"/api/event-types?cursor={cursor}")
        assert (answer.status, answer.json()["errors"][0]["pointer"]) == (422, "/cursor")
