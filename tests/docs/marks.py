"""What stands between two marks of a page that is written by hand otherwise."""

from __future__ import annotations

import re

__all__ = ["between"]


def between(text: str, mark: str, inside: str) -> str:
    """The page with `inside` between the marks. Raises ValueError where it has none."""
    begin, end = f"<!-- {mark}, written by make docs -->\n", f"\n<!-- end of {mark} -->"
    found = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if found.search(text) is None:
        raise ValueError(f"the page has no marks for {mark}")
    return found.sub(lambda _: f"{begin}\n{inside}\n{end}", text)
