"""The plugin as the hub sees it."""

from __future__ import annotations

from importlib.metadata import distribution, entry_points
from importlib.resources import files

from packaging.requirements import Requirement

from hub import Registry
from hub_okta import vendor


def test_the_entry_point_gives_the_vendor() -> None:
    (point,) = (one for one in entry_points(group="hub") if one.name == "okta")
    assert point.load() is vendor
    assert point.dist is not None
    assert point.dist.name == "hub-okta"


def test_it_says_which_core_it_needs() -> None:
    names = {Requirement(one).name for one in distribution("hub-okta").requires or ()}
    assert names == {"integration-hub", "pydantic"}


def test_it_can_be_registered_as_it_is() -> None:
    registry = Registry("okta")
    registry.vendor(vendor)
    kinds = {entry.kind for entry in registry.close()}
    assert kinds == {"vendor", "event_type"}


def test_its_clock_is_shorter_than_what_okta_waits() -> None:
    assert vendor.deadline <= 3


def test_the_guide_says_where_the_url_goes_and_ships_with_the_module() -> None:
    assert vendor.guide == files("hub_okta").joinpath("guide.md").read_text(encoding="utf-8")
    assert vendor.guide.count("{url}") == 1
