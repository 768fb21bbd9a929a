"""The docs: every link leads somewhere, what is generated is up to date, what is to be pasted works."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import BaseModel

from hub.api.outbound.subscription_input import SubscriptionInput
from hub.api.sources.source_input import SourceInput
from hub.server import listen
from hub.testing.live import ADMIN_KEY, HubProcess
from tests.docs.pages import DOCS, PAGES, generated

ROOT = DOCS.parent
TEXTS = sorted(
    [
        *ROOT.glob("*.md"),
        *DOCS.rglob("*.md"),
        *ROOT.glob("plugins/*/*.md"),
        *ROOT.glob("plugins/*/hub_*/guide.md"),
    ]
)
SECONDS = 30
BLOCK = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)

needs_a_shell = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("bash", "curl", "python3")), reason="wants bash, curl and python3"
)


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", BLOCK.sub("", text))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", BLOCK.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text())):
        if "://" in link:
            assert link.startswith("https://"), link
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in anchors(target), f"{link}: no such heading"


def test_what_the_code_refers_to_is_a_page_here_with_that_anchor() -> None:
    found = []
    for path in (file for folder in ("hub", "plugins", "tests") for file in (ROOT / folder).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for page, anchor in re.findall(r"\b(docs/[\w/-]+\.md)(?:#([\w-]+))?", text):
            if not (ROOT / page).is_file() or (anchor and anchor not in anchors(ROOT / page)):
                found.append(f"{path.relative_to(ROOT)}: {page}#{anchor}")
    assert found == []


def test_the_index_lists_every_page() -> None:
    index = (DOCS / "index.md").read_text()
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")} - {"index.md"}
    assert {page for page in pages if f"({page})" not in index} == set()


@pytest.mark.parametrize("page", PAGES)
def test_what_is_generated_is_up_to_date(page: str) -> None:
    assert (DOCS / page).read_text() == generated(page), "run make docs"


@pytest.mark.parametrize("model", [SourceInput, SubscriptionInput], ids=lambda model: model.__name__)
def test_the_api_page_names_every_field(model: type[BaseModel]) -> None:
    text = (DOCS / "reference" / "api.md").read_text()
    names = [field.alias or name for name, field in model.model_fields.items()]
    assert [name for name in names if f"`{name}`" not in text and f'"{name}"' not in text] == []


def test_the_layout_on_the_architecture_page_is_the_real_one() -> None:
    text = (DOCS / "architecture.md").read_text()
    layout = re.findall(r"^ {6}(\w+)(?:/|\.py) ", text, re.MULTILINE)
    packages = {path.parent.name for path in (ROOT / "hub").glob("*/__init__.py") if list(path.parent.glob("*.py"))[1:]}
    assert packages <= set(layout)
    for name in layout:
        assert (ROOT / "hub" / name).is_dir() or (ROOT / "hub" / f"{name}.py").is_file(), name


def test_the_files_that_the_architecture_page_names_exist() -> None:
    named = re.findall(r"`((?:hub|plugins)/[\w/.]+)`", (DOCS / "architecture.md").read_text())
    assert len(named) > 20
    assert [path for path in named if not (ROOT / path).exists()] == []


class Shell:
    """One bash in which blocks are pasted one after the other."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._count = 0

    async def paste(self, block: str) -> str:
        """What the block prints, failing commands included."""
        self._count += 1
        mark = f"--- end of block {self._count} ---"
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{block}\necho; echo '{mark}'\n".encode())
        lines: list[str] = []
        while True:
            line = (await asyncio.wait_for(stdout.readline(), SECONDS)).decode()
            assert line, "".join(lines)
            if line.strip() == mark:
                return "".join(lines).strip()
            lines.append(line)


async def shell(folder: Path, **environment: str) -> Shell:
    process = await asyncio.create_subprocess_exec(
        "bash",
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    return Shell(process)


def steps(page: str) -> Iterator[tuple[str, bool, str | None]]:
    """The blocks to paste, whether to repeat each until it fits, and what is to be seen."""
    blocks = BLOCK.findall((DOCS / page).read_text())
    for number, (language, how, text) in enumerate(blocks):
        if language == "bash":
            after, _, shown = blocks[number + 1] if number + 1 < len(blocks) else ("", "", "")
            yield text, how == "until", shown if after in ("json", "text") else None


def fits(shown: Any, got: Any) -> bool:
    """Whether the answer has what the page shows of it; … in a text stands for anything."""
    if isinstance(shown, dict):
        return isinstance(got, dict) and all(name in got and fits(value, got[name]) for name, value in shown.items())
    if isinstance(shown, list):
        return isinstance(got, list) and len(shown) == len(got) and all(map(fits, shown, got))
    if isinstance(shown, str) and "…" in shown:
        pattern = ".*".join(re.escape(part) for part in shown.split("…"))
        return isinstance(got, str) and re.fullmatch(pattern, got) is not None
    return bool(shown == got)


def as_shown(shown: str, got: str) -> bool:
    try:
        return fits(json.loads(shown), json.loads(got))
    except ValueError:
        return fits(shown.strip(), got)


@needs_a_shell
async def test_the_tutorial_works_when_pasted(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as probe:
        port = probe.getsockname()[1]
    async with aiohttp.ClientSession() as session:
        hub = HubProcess(tmp_path / "data", session, HUB_EGRESS_ALLOW="127.0.0.0/8", PYTHONDONTWRITEBYTECODE="")
        await hub.start()
        pasted = await shell(tmp_path, HUB_API_KEY=ADMIN_KEY)
        try:
            seen = 0
            for block, repeated, shown in steps("tutorials/first-workflow.md"):
                text = block.replace("http://127.0.0.1:8000", hub.url).replace("9000", str(port))
                got = await pasted.paste(text)
                until = time.monotonic() + SECONDS
                while repeated and not as_shown(shown or "", got) and time.monotonic() < until:
                    got = await pasted.paste(text)
                if shown is not None:
                    seen += 1
                    assert as_shown(shown.replace("9000", str(port)), got), f"{block}\n{got}"
            assert seen > 8
        finally:
            await pasted.paste("kill $RECEIVER 2> /dev/null")
            assert await hub.stop() == 0


@needs_a_shell
async def test_a_backup_made_as_told_is_a_hub(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as session:
        live = HubProcess(tmp_path / "live", session, PYTHONDONTWRITEBYTECODE="")
        await live.start()
        workflow = await live.workflow(source={"hmac_secret": "kept"})
        answer = await live.send("GET", f"/api/workflows/{workflow['id']}", headers={"X-Api-Key": ADMIN_KEY})
        ((block, _, _),) = steps("how-to/backup-and-upgrade.md")
        pasted = await shell(tmp_path, HUB_DATA_DIR=str(tmp_path / "live"), BACKUP=str(tmp_path / "copy"))
        assert await pasted.paste(f"set -e; {block}") == ""
        assert await live.stop() == 0
        restored = HubProcess(tmp_path / "copy", session, PYTHONDONTWRITEBYTECODE="")
        await restored.start()
        try:
            found = await restored.send("GET", f"/api/workflows/{workflow['id']}", headers={"X-Api-Key": ADMIN_KEY})
            assert found.status == answer.status == 200
            assert found.json()["source"]["secret"] == workflow["source"]["secret"]
            assert found.json()["source"]["credentials"] == answer.json()["source"]["credentials"]
        finally:
            await restored.stop()


def test_the_readme_names_the_two_commands_and_the_makefile_has_them() -> None:
    readme, makefile = (ROOT / "README.md").read_text(), (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make (\w+)`", readme + (ROOT / "CONTRIBUTING.md").read_text()):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    assert "    make serve " in readme
    assert "    make test " in readme
