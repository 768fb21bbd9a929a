"""`github.failed_deliveries` and `github.redeliver` against a server on the loopback."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from hub import Action, ActionContext, ActionFailed
from hub_github.deliveries import FAILED_DELIVERIES, REDELIVER

REPOSITORY = {"repository": "acme/conveyor", "hook_id": 99}


async def run(action: Action, context: ActionContext, **given: Any) -> Any:
    return await action.run(action.input.model_validate({"token": "t0ken", **given}), context)


def attempt(
    context: ActionContext, number: int, guid: str, code: int, *, hours: float = 1, event: str = "push"
) -> dict[str, Any]:
    at = (context.received - timedelta(hours=hours)).isoformat().replace("+00:00", "Z")
    return {
        "id": number,
        "guid": guid,
        "delivered_at": at,
        "redelivery": False,
        "status": "OK" if code == 200 else "Invalid HTTP Response",
        "status_code": code,
        "event": event,
        "action": None,
        "duration": 0.1,
    }


@pytest.mark.parametrize(
    ("hook", "path"),
    [
        (REPOSITORY, "/repos/acme/conveyor/hooks/99/deliveries"),
        ({"organization": "acme", "hook_id": 5}, "/orgs/acme/hooks/5/deliveries"),
        ({"app": True}, "/app/hook/deliveries"),
    ],
)
async def test_deliveries_of_each_kind_of_webhook_are_listed(
    api: Any, context: ActionContext, hook: dict[str, Any], path: str
) -> None:
    api.answer([attempt(context, 1, "a", 502)])
    found = await run(FAILED_DELIVERIES, context, api_url=api.url, **hook)
    assert [one["id"] for one in found["deliveries"]] == [1]
    assert api.asked[0][:2] == ("GET", f"{path}?per_page=100")
    assert api.asked[0][2]["authorization"] == "Bearer t0ken"


async def test_a_delivery_is_lost_if_no_attempt_succeeded_and_is_named_by_its_latest(
    api: Any, context: ActionContext
) -> None:
    api.answer(
        [
            attempt(context, 6, "recovered", 200),
            attempt(context, 5, "lost", 504),
            attempt(context, 4, "other", 0),
            attempt(context, 3, "lost", 502, hours=2),
            attempt(context, 2, "fine", 204, hours=3),
            attempt(context, 1, "recovered", 500, hours=4),
        ]
    )
    found = await run(FAILED_DELIVERIES, context, api_url=api.url, **REPOSITORY)
    assert [(one["id"], one["guid"], one["status_code"]) for one in found["deliveries"]] == [
        (4, "other", 0),
        (5, "lost", 504),
    ]
    assert (found["examined"], found["complete"]) == (6, True)
    assert set(found["deliveries"][0]) == {"id", "guid", "event", "action", "delivered_at", "status", "status_code"}


async def test_a_redirect_counts_as_delivered_as_github_counts_it(api: Any, context: ActionContext) -> None:
    api.answer([attempt(context, 1, "a", 302), attempt(context, 2, "b", 400)])
    found = await run(FAILED_DELIVERIES, context, api_url=api.url, **REPOSITORY)
    assert [one["guid"] for one in found["deliveries"]] == ["b"]


async def test_pages_are_followed_by_cursor_and_only_at_the_api_s_own_address(api: Any, context: ActionContext) -> None:
    elsewhere = "https://evil.example.com/steal?per_page=100&cursor=v1_42"
    api.answer([attempt(context, 2, "b", 500)], link=f'<{elsewhere}>; rel="next", <{elsewhere}0>; rel="last"')
    api.answer([attempt(context, 1, "a", 500, hours=2)], link=f'<{elsewhere}>; rel="prev"')
    found = await run(FAILED_DELIVERIES, context, api_url=api.url, **REPOSITORY)
    assert [one["id"] for one in found["deliveries"]] == [1, 2]
    assert [path for _, path, _, _ in api.asked] == [
        "/repos/acme/conveyor/hooks/99/deliveries?per_page=100",
        "/repos/acme/conveyor/hooks/99/deliveries?per_page=100&cursor=v1_42",
    ]


async def test_the_look_back_ends_at_the_given_hours(api: Any, context: ActionContext) -> None:
    api.answer(
        [attempt(context, 2, "b", 500, hours=1), attempt(context, 1, "a", 500, hours=30)],
        link='<https://api.github.com/x?cursor=more>; rel="next"',
    )
    found = await run(FAILED_DELIVERIES, context, api_url=api.url, hours=24, **REPOSITORY)
    assert [one["id"] for one in found["deliveries"]] == [2]
    assert found["complete"] is True
    assert len(api.asked) == 1


async def test_most_is_a_limit_that_is_told(api: Any, context: ActionContext) -> None:
    api.answer([attempt(context, number, str(number), 500) for number in range(5)])
    found = await run(FAILED_DELIVERIES, context, api_url=api.url, most=3, **REPOSITORY)
    assert (found["examined"], found["complete"], len(found["deliveries"])) == (3, False, 3)


async def test_only_the_events_asked_for_are_listed(api: Any, context: ActionContext) -> None:
    api.answer([attempt(context, 1, "a", 500, event="issues"), attempt(context, 2, "b", 500)])
    found = await run(FAILED_DELIVERIES, context, api_url=api.url, events=["issues"], **REPOSITORY)
    assert [one["event"] for one in found["deliveries"]] == ["issues"]


@pytest.mark.parametrize("link", ["", "nonsense", '<https://[::1>; rel="next"', '<https://api/x>; rel="next"'])
async def test_a_link_header_without_a_cursor_ends_the_list(api: Any, context: ActionContext, link: str) -> None:
    api.answer([attempt(context, 1, "a", 500)], link=link)
    assert (await run(FAILED_DELIVERIES, context, api_url=api.url, **REPOSITORY))["complete"] is True


async def test_a_cursor_that_leads_to_itself_ends_the_list(api: Any, context: ActionContext) -> None:
    for _ in range(2):
        api.answer([attempt(context, 1, "a", 500)], link='<https://api/x?cursor=same>; rel="next"')
    await run(FAILED_DELIVERIES, context, api_url=api.url, **REPOSITORY)
    assert len(api.asked) == 2


async def test_a_list_that_is_not_a_list_fails_and_odd_entries_are_passed_over(
    api: Any, context: ActionContext
) -> None:
    api.answer({"message": "?"})
    with pytest.raises(ActionFailed, match="not a JSON array"):
        await run(FAILED_DELIVERIES, context, api_url=api.url, **REPOSITORY)
    api.answer([None, 7, {"id": 1, "delivered_at": "never"}])
    found = await run(FAILED_DELIVERIES, context, api_url=api.url, **REPOSITORY)
    assert [one["id"] for one in found["deliveries"]] == [1]


async def test_what_was_listed_can_be_asked_for_again(api: Any, context: ActionContext) -> None:
    api.answer([attempt(context, 2, "b", 500), attempt(context, 1, "a", 500)])
    found = await run(FAILED_DELIVERIES, context, api_url=api.url, **REPOSITORY)
    for _ in range(3):
        api.answer({}, 202)
    asked = await run(REDELIVER, context, api_url=api.url, deliveries=[*found["deliveries"], 3], **REPOSITORY)
    assert asked == {"requested": [1, 2, 3], "refused": []}
    assert [(method, path) for method, path, _, _ in api.asked[1:]] == [
        ("POST", f"/repos/acme/conveyor/hooks/99/deliveries/{number}/attempts") for number in (1, 2, 3)
    ]


async def test_a_delivery_that_github_forgot_does_not_stop_the_others(api: Any, context: ActionContext) -> None:
    api.answer({"message": "Not Found"}, 404)
    api.answer({}, 202)
    asked = await run(REDELIVER, context, api_url=api.url, deliveries=[1, 2], **REPOSITORY)
    assert asked["requested"] == [2]
    assert [one["id"] for one in asked["refused"]] == [1]
    assert "404" in asked["refused"][0]["reason"]


@pytest.mark.parametrize(("status", "retryable"), [(401, False), (403, False), (429, True), (500, True)])
async def test_a_token_or_a_server_that_fails_stops_it(
    api: Any, context: ActionContext, status: int, retryable: bool
) -> None:
    api.answer({"message": "no"}, status)
    with pytest.raises(ActionFailed) as failure:
        await run(REDELIVER, context, api_url=api.url, deliveries=[1, 2], **REPOSITORY)
    assert failure.value.retryable is retryable


@pytest.mark.parametrize(
    "hook",
    [
        {},
        {"repository": "a/b"},
        {"organization": "acme"},
        {"hook_id": 1},
        {"app": True, "hook_id": 1},
        {"repository": "a/b", "organization": "acme", "hook_id": 1},
        {"repository": "a/b", "app": True, "hook_id": 1},
        {"organization": "../x", "hook_id": 1},
        {"repository": "a/b", "hook_id": 0},
    ],
)
def test_a_webhook_is_named_in_one_way(hook: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FAILED_DELIVERIES.input.model_validate({"token": "t0ken"} | hook)
