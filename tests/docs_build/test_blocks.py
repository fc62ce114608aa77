"""Blocks of pages, and the comments that say what becomes of them."""

from __future__ import annotations

from pathlib import Path

from docs_build.blocks import Block, blocks, command_lines, steps, without_marks

PAGE = """# A page

<!-- run: with --epochs 1 -->
```console
$ tunefork run a.yaml
done
```

Words.

<!-- not run: no hub, no cluster -->
```python
import this
```

```
machine 1$ tunefork run b.yaml --runner ray    # there
```
"""


def test_marks_belong_to_the_block_below(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(PAGE, encoding="utf-8")
    assert blocks(path) == [
        Block("page.md", 3, "console", "$ tunefork run a.yaml\ndone\n", ("with --epochs 1",)),
        Block("page.md", 11, "python", "import this\n", (), "no hub, no cluster"),
        Block("page.md", 16, "", "machine 1$ tunefork run b.yaml --runner ray    # there\n"),
    ]
    assert [each.options for each in blocks(path)] == ["--epochs 1", "", ""]
    assert command_lines(blocks(path)[2].code) == ["tunefork run b.yaml --runner ray"]
    assert steps(blocks(path)[0].code) == [("tunefork run a.yaml", "done")]
    assert "<!--" not in without_marks(PAGE)
