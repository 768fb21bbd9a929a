"""Google docstrings as Markdown."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence

__all__ = ["markdown"]

_SECTION = re.compile(r"(Args|Attributes|Raises|Returns|Yields):(?: *(.*))?")
_ENTRY = re.compile(r"([A-Za-z_][\w.]*): (.*)")
_TITLES = {"Args": "Arguments", "Attributes": "Fields", "Raises": "Raises", "Returns": "Gives", "Yields": "Gives"}


def markdown(docstring: str | None) -> str:
    """Paragraphs, examples as code blocks, and the sections as lists."""
    lines = inspect.cleandoc(docstring or "").splitlines()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(_rendered(lines))).strip()


def _rendered(lines: Sequence[str]) -> Iterator[str]:
    position = 0
    while position < len(lines):
        line = lines[position]
        section = _SECTION.fullmatch(line)
        block = [line]
        while position + len(block) < len(lines):
            following = lines[position + len(block)]
            if following and not following.startswith("    "):
                break
            block.append(following)
        if section is not None:
            yield from _section(_TITLES[section.group(1)], block[1:])
        elif line.startswith("    "):
            yield from ("", "```python", *inspect.cleandoc("\n" + "\n".join(block)).splitlines(), "```", "")
        else:
            yield line
            block = block[:1]
        position += len(block)


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    yield from ("", f"{title}:", "")
    for line in inspect.cleandoc("\n" + "\n".join(lines)).splitlines():
        entry = _ENTRY.fullmatch(line)
        if entry is not None:
            yield f"- `{entry.group(1)}`: {entry.group(2)}"
        elif line.startswith("    "):
            yield f"  {line.strip()}"
        elif line:
            yield f"- {line}"
    yield ""
