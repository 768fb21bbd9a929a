"""The rules of the contract, in the order in which they are checked."""

from __future__ import annotations

from hub.testing.rules import answering, coverage, description, handshakes, oracle, reading, refusing
from hub.testing.rules.rule import BrokenRule, Level, Rule

__all__ = ["RULES", "BrokenRule", "Level", "Rule"]

RULES: tuple[Rule, ...] = (
    Rule("refusals", "bronze", "refusals stay refusals", refusing.refusals),
    Rule("garbage", "bronze", "garbage is refused and causes no error", refusing.garbage),
    Rule("headers", "bronze", "missing and doubled headers are refused and cause no error", refusing.headers),
    Rule("empty_secret", "bronze", "an empty secret matches nothing", refusing.empty_secret),
    Rule("other_secret", "bronze", "another source's secret matches nothing", refusing.other_secret),
    Rule("key_server", "bronze", "an unreachable key server is answered 503", refusing.key_server),
    Rule("altered", "bronze", "every altered byte that the scheme covers is refused", coverage.altered),
    Rule("altered_proof", "bronze", "an altered proof is refused", coverage.altered_proof),
    Rule("ordinary", "bronze", "a signed event is not taken for a handshake", handshakes.ordinary),
    Rule("fills_only", "bronze", "a handshake fills empty slots only", handshakes.fills_only),
    Rule("oracle", "bronze", "a handshake signs nothing for strangers", oracle.oracle),
    Rule("pure", "bronze", "reading is pure", reading.pure),
    Rule("stable_ids", "bronze", "an event keeps its id", reading.stable_ids),
    Rule("accepted", "bronze", "recorded requests are accepted and read", reading.accepted),
    Rule("answered", "bronze", "recorded handshakes are answered", handshakes.answered),
    Rule("replies", "bronze", "duplicates are answered like the first", answering.replies),
    Rule("day_old", "bronze", "a replay a day later is refused or reported", answering.day_old),
    Rule("catalog", "bronze", "the catalog is consistent and fits the recorded requests", description.catalog),
    Rule("recorded", "silver", "a request is recorded", reading.recorded),
    Rule("identified", "silver", "every event has an id", reading.identified),
    Rule("described", "silver", "event types are declared", description.described),
    Rule("guide", "silver", "a guide says where to paste the URL", description.guide),
    Rule("settings", "silver", "every setting is described", description.settings),
    Rule("examples", "gold", "every event type has summary, schema and example; every handshake is recorded",
         description.examples),
)  # fmt: skip
"""Bronze: rules that every vendor must keep, tested by `VendorContract`. `hub plugins check` adds silver and gold."""
