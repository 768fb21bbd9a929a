"""The rules that every vendor must keep, as tests that an author gets in two lines.

class TestContract(VendorContract):
    vendor = vendor
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from hub.errors import Unavailable
from hub.model.wire.fetched import Fetched
from hub.model.wire.secret import Secret
from hub.sdk.recorded import Recorded, Recording
from hub.sdk.vendor import Vendor
from hub.testing.rules import RULES
from hub.testing.sender import Sender, by_scheme, package_of
from hub.testing.vendor_under_test import VendorUnderTest

__all__ = ["REMARKS", "VendorContract"]

REMARKS: list[str] = []
"""Remarks of the contract in this run; the pytest plugin prints them at its end."""

_RULES = {rule.name: rule for rule in RULES}


class VendorContract:
    """Subclass it in a test file and name the vendor.

    Its requests are those recorded in the vendor's package (`<package>/recorded/*.json`), signed by the vendor's own
    scheme with throw-away secrets.

    Attributes:
        vendor: The vendor under test.
        settings: Settings of the source.
        secrets: Slot -> the text that an operator pastes; other slots get throw-away values.
        recorded: Recorded requests to use instead of the package's.
    """

    vendor: ClassVar[Vendor]
    settings: ClassVar[Mapping[str, Any]] = {}
    secrets: ClassVar[Mapping[str, str]] = {}
    recorded: ClassVar[Sequence[Recording] | None] = None

    def signed(self, recording: Recording, secrets: Sequence[Secret], at: datetime, url: str) -> Recording:
        """A recorded request as the vendor would send it; override it for a scheme that only verifies.

        Args:
            recording: The request without its proof.
            secrets: What to sign with.
            at: When it is sent.
            url: Public URL that it is sent to, without a query.
        """
        sender = Sender(self.vendor, settings=self.settings, secrets=self.secrets)
        return by_scheme(self.vendor, sender.scheme, recording, secrets, at, url)

    async def fetch(self, url: str) -> Fetched:
        """The answer of the vendor's hosts to `Source.fetch`; override it for a vendor that calls out."""
        raise Unavailable(f"there is no answer from {url}")

    def sender(self) -> Sender:
        """The sender of the vendor's requests."""
        own = self.signed if type(self).signed is not VendorContract.signed else None
        return Sender(self.vendor, settings=self.settings, secrets=self.secrets, signing=own)

    def subject(self) -> VendorUnderTest:
        """The vendor, ready to be called by the rules."""
        recordings = self.recorded
        if recordings is None:
            package = package_of(self.vendor)
            recordings = Recorded.of_package(package).requests if package is not None else ()
        return VendorUnderTest(sender=self.sender(), recordings=recordings, answering=self.fetch)

    def examine(self, name: str) -> None:
        """Check one rule.

        Raises:
            BrokenRule: The vendor does not keep it.
        """
        REMARKS.extend(f"{self.vendor.name}: {remark}" for remark in asyncio.run(_RULES[name].check(self.subject())))

    def test_refusals_stay_refusals(self) -> None:
        """No refusal is turned into a success."""
        self.examine("refusals")

    def test_garbage_is_refused_and_breaks_nothing(self) -> None:
        """For any garbage, nothing but Reject is raised and nothing is granted."""
        self.examine("garbage")

    def test_missing_and_doubled_headers_are_refused(self) -> None:
        """A missing or doubled proof is refused; other headers cause no error."""
        self.examine("headers")

    def test_an_empty_secret_matches_nothing(self) -> None:
        """A source without a live secret refuses everything."""
        self.examine("empty_secret")

    def test_another_sources_secret_matches_nothing(self) -> None:
        """A request signed for one source is refused by others."""
        self.examine("other_secret")

    def test_an_unreachable_key_server_is_unavailable(self) -> None:
        """An undecided request is answered 503, never 401."""
        self.examine("key_server")

    def test_every_altered_byte_that_the_scheme_covers_is_refused(self) -> None:
        """The scheme covers what it declares."""
        self.examine("altered")

    def test_an_altered_proof_is_refused(self) -> None:
        """Every character of the proof counts."""
        self.examine("altered_proof")

    def test_a_signed_event_is_not_taken_for_a_handshake(self) -> None:
        """The challenge does not answer events."""
        self.examine("ordinary")

    def test_a_handshake_fills_empty_slots_only(self) -> None:
        """A stranger cannot replace a secret."""
        self.examine("fills_only")

    def test_a_handshake_is_not_a_signing_oracle(self) -> None:
        """No event can be forged from the challenge's answers."""
        self.examine("oracle")

    def test_reading_is_pure(self) -> None:
        """Reading returns the same events every time and changes nothing."""
        self.examine("pure")

    def test_an_event_keeps_its_id(self) -> None:
        """A redelivery is recognised."""
        self.examine("stable_ids")

    def test_recorded_requests_are_accepted_and_read(self) -> None:
        """The recorded requests are read as the events that they name."""
        self.examine("accepted")

    def test_recorded_handshakes_are_answered(self) -> None:
        """The recorded handshakes are answered as expected."""
        self.examine("answered")

    def test_duplicates_are_answered_like_the_first(self) -> None:
        """A vendor that sends a request again gets the same answer."""
        self.examine("replies")

    def test_a_replay_a_day_later_is_refused_or_reported(self) -> None:
        """A scheme without a timestamp gets a remark."""
        self.examine("day_old")

    def test_the_catalog_is_consistent(self) -> None:
        """Schemas compile, examples fit, recorded events are declared."""
        self.examine("catalog")
