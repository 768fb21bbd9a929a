"""The plugin as the hub sees it."""

from __future__ import annotations

from importlib.metadata import entry_points
from importlib.resources import files

import hub_plextrac
from hub import Registry
from hub_plextrac import vendor
from hub_plextrac.signature import SCHEME


def test_the_entry_point_gives_the_module_with_the_hook() -> None:
    (point,) = (one for one in entry_points(group="hub") if one.name == "plextrac")
    assert point.load() is hub_plextrac
    assert point.dist is not None
    assert point.dist.name == "hub-plextrac"


def test_it_adds_vendor_scheme_action_and_types() -> None:
    registry = Registry("plextrac")
    hub_plextrac.hub_register(registry)
    entries = {(entry.kind, entry.key): entry.value for entry in registry.close()}
    assert entries["vendor", "plextrac"] is vendor
    assert entries["scheme", "plextrac"].scheme is SCHEME
    assert ("action", "plextrac.get") in entries
    assert ("event_type", "plextrac/ReportPublished/out/1") in entries


def test_its_clock_is_no_longer_than_what_plextrac_waits() -> None:
    assert vendor.deadline <= 5


def test_the_guide_says_where_the_url_goes_and_ships_with_the_module() -> None:
    assert vendor.guide == files("hub_plextrac").joinpath("guide.md").read_text(encoding="utf-8")
    assert vendor.guide.count("{url}") == 1
