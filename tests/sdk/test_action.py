"""Actions."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from hub.sdk.action import Action


class Nothing(BaseModel):
    pass


async def run(_input: Nothing, _context: object) -> None:
    return None


@pytest.mark.parametrize("name", ["transform", "http.request", "slack.post_message", "acme-crm.get"])
def test_a_name_may_have_dots_dashes_and_underscores(name: str) -> None:
    assert Action(name=name, input=Nothing, run=run).name == name


@pytest.mark.parametrize("name", ["", "Slack.post", "slack.", ".post", "slack post", "slack..post"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a name for an action"):
        Action(name=name, input=Nothing, run=run)


def test_input_is_a_model_and_run_a_function() -> None:
    wrong: Any = dict
    with pytest.raises(TypeError, match="pydantic model"):
        Action(name="a.b", input=wrong, run=run)
    wrong = "run"
    with pytest.raises(TypeError, match="async function"):
        Action(name="a.b", input=Nothing, run=wrong)
