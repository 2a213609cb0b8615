"""Files that are copies of others."""

from __future__ import annotations

from lib.datasets.checks import copies


def test_copies_are_found_by_their_bytes(tmp_path):
    paths = [tmp_path / name for name in "abcd"]
    for path, content in zip(paths, ("same", "same", "else", "longer"), strict=True):
        path.write_text(content)
    assert copies(paths) == {paths[0]: paths[1], paths[1]: paths[0]}
