"""The examples of docs/ run as they stand there, those of a page one after the other."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = [path for path in sorted(DOCS.glob("*.md")) if "```python" in path.read_text()]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_examples(device, page):
	text, scope = page.read_text(), {"__name__": "example"}
	blocks = list(re.finditer(r"^```python\n(.*?)^```", text, re.M | re.S))
	assert blocks
	for block in blocks:
		line = text.count("\n", 0, block.start(1))
		exec(compile("\n" * line + block[1], str(page), "exec"), scope)
