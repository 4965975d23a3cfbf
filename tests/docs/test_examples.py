"""Every example of the documentation runs, in order, page by page."""

from __future__ import annotations

from pathlib import Path

import pytest
from sybil.document import Document
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

import mlview

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LONGEST_TOUR = 25


class SqlBlocks(CodeBlockParser):
    """```sql: the statements run one after the other in the page's database."""

    language = "sql"

    def evaluate(self, example):
        for result in example.namespace["page_db"].script(example.parsed):
            repr(result)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    document = Document.parse(str(page), SqlBlocks(), PythonCodeBlockParser())
    with mlview.connect() as db:
        document.namespace["page_db"] = db
        for example in document.examples():
            example.evaluate()


def test_the_tour_is_short():
    text = (ROOT / "README.md").read_text()
    tour = text.split("```sql\n")[1].split("```")[0]
    assert len(tour.strip().splitlines()) <= LONGEST_TOUR


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    for target in page.read_text().split("](")[1:]:
        link = target.split(")")[0]
        if not link.startswith(("http", "#")):
            assert (page.parent / link.split("#")[0]).exists(), link
