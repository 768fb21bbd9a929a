"""The plugin as the hub sees it."""

from __future__ import annotations

from importlib.metadata import entry_points
from importlib.resources import files

from hub_slack import vendor
from hub_slack.settings import SlackSettings


def test_the_entry_point_is_the_vendor() -> None:
    [entry] = entry_points(group="hub", name="slack")
    assert entry.load() is vendor


def test_slack_is_answered_within_three_seconds() -> None:
    assert vendor.deadline < 3
    assert vendor.methods == ("POST",)
    assert vendor.settings is SlackSettings


def test_the_guide_shows_the_url_every_action_and_every_setting() -> None:
    assert vendor.guide is not None
    assert "`{url}`" in vendor.guide
    for action in vendor.actions:
        assert f"action: {action.name}\n" in vendor.guide
    for setting in SlackSettings.model_fields:
        assert f"`{setting}`" in vendor.guide


def test_the_package_says_that_it_is_typed() -> None:
    assert files("hub_slack").joinpath("py.typed").is_file()
