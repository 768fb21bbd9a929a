"""The plugin as the hub sees it."""

from __future__ import annotations

from importlib.metadata import entry_points
from importlib.resources import files

from hub_github import vendor


def test_the_entry_point_is_the_vendor() -> None:
    [entry] = entry_points(group="hub", name="github")
    assert entry.load() is vendor


def test_limits_are_github_s() -> None:
    assert vendor.max_body == 25 * 1024 * 1024
    assert vendor.deadline < 10
    assert vendor.methods == ("POST",)
    assert vendor.challenge is None


def test_the_guide_shows_the_url_and_every_action() -> None:
    assert vendor.guide is not None
    assert "`{url}`" in vendor.guide
    for action in vendor.actions:
        assert f"`{action.name}`" in vendor.guide


def test_the_package_says_that_it_is_typed() -> None:
    assert files("hub_github").joinpath("py.typed").is_file()
