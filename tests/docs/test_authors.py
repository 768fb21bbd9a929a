"""The pages for plugin authors say what the code says, and leave nothing out."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import hub
from hub.sdk import hookspecs
from tests.docs.authors import GROUPS, HOOKS, plugin_api, recipes
from tests.docs.docstrings import markdown

DOCS = Path(__file__).parents[2] / "docs"
TESTS = Path(__file__).parents[1]
REFERENCE = (DOCS / "reference/plugin-api.md").read_text()


@pytest.mark.parametrize(
    ("page", "make"), [("reference/plugin-api.md", plugin_api), ("how-to/recipes.md", recipes)], ids=["api", "recipes"]
)
def test_the_committed_page_is_the_generated_one(page: str, make: Callable[[str], str]) -> None:
    text = (DOCS / page).read_text()
    assert make(text) == text, "run make docs"


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_described_with_its_arguments(hook: str) -> None:
    arguments = list(inspect.signature(getattr(hookspecs, hook)).parameters)
    assert f"### `{hook}({', '.join(arguments)})`" in REFERENCE
    section = REFERENCE.partition(f"### `{hook}(")[2].partition("\n### ")[0]
    assert all(f"- `{one}`: " in section for one in arguments), "each argument has its line"
    assert "```python" in section, "each hook has an example"


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_test(hook: str) -> None:
    tests = "\n".join(file.read_text() for file in TESTS.rglob("test_*.py"))
    assert re.search(rf"def test_\w*{hook}|{hook}=|def {hook}\(", tests), f"no test is about {hook}"


def test_every_name_of_the_api_is_in_the_reference() -> None:
    listed = [name for names in GROUPS.values() for name in names]
    assert sorted([*listed, "__version__"]) == sorted(hub.__all__)
    for name in listed:
        section = REFERENCE.partition(f"\n### `{name}`\n")[2]
        assert section.strip(), f"{name} is not in the reference"


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.stem)
def test_links_within_the_docs_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor and file.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}
            assert anchor in anchors, target


def test_a_docstring_becomes_markdown() -> None:
    text = """One line.

        example()

    Args:
        one: The first,
            in two lines.
        two: The second.

    Returns:
        Something.
    """
    assert markdown(text) == (
        "One line.\n\n```python\nexample()\n```\n\nArguments:\n\n- `one`: The first,\n  in two lines.\n"
        "- `two`: The second.\n\nGives:\n\n- Something."
    )
