"""Grant and Outcome."""

from __future__ import annotations

import pytest

from hub.errors import Reject
from hub.model.wire.event import Event
from hub.model.wire.grant import Grant, Outcome
from hub.model.wire.secret import Secret


def test_an_outcome_gives_the_secret_that_matched() -> None:
    secret = Secret("s", "signing", b"k")
    assert Outcome((Event("a", None),), Grant(secret)).secret is secret


def test_an_outcome_of_a_scheme_without_secrets_has_none() -> None:
    with pytest.raises(Reject, match="uses no secret"):
        _ = Outcome((), Grant()).secret
