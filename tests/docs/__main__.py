"""`make docs`: write the generated parts of docs/ anew."""

from __future__ import annotations

from tests.docs.pages import DOCS, PAGES, generated

for page in PAGES:
    (DOCS / page).write_text(generated(page))
