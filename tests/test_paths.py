"""Files below a folder are found in links to folders too, and every change of them is seen."""

from __future__ import annotations

import os

import pytest

from lib import paths
from lib.companion.state import _data_print


@pytest.fixture
def disks(tmp_path):
    """A data folder with a file, a linked folder, circles, and links that lead nowhere."""
    data, other = tmp_path / "data", tmp_path / "other" / "S002"
    (data / "S001").mkdir(parents=True)
    other.mkdir(parents=True)
    for file in (data / "S001" / "a.edf", other / "b.EDF", tmp_path / "beside.edf"):
        file.write_text("1")
    links = {"S002": other, "again": "S001", "here": ".", "up": "..", "S003": "nowhere"}
    for name, target in links.items():
        (data / name).symlink_to(target)
    (data / "self").symlink_to("self")
    return data


def test_linked_folders_are_followed_once_and_never_in_circles(disks):
    names = [path.relative_to(disks).as_posix() for path in paths.files(disks)]
    assert names == ["S001/a.edf", "S002/b.EDF", "S003", "self"]
    assert [path.name for path in paths.glob(disks, "**/*.edf")] == ["a.edf", "b.EDF"]
    assert [path.name for path in paths.glob(disks, "S00[12]/*.edf")] == ["a.edf", "b.EDF"]
    assert sorted(paths.broken(disks)) == ["S003", "self"]
    assert "a link to nowhere" in paths.broken(disks)["S003"]
    assert paths.spelled(disks / "S002" / "b.edf").name == "b.EDF"


def test_the_fingerprint_sees_every_change_behind_a_link(disks):
    file, seen = disks / "S002" / "b.EDF", [_data_print(str(disks))]

    def changed() -> bool:
        seen.append(_data_print(str(disks)))
        return seen[-1] not in seen[:-1]

    assert _data_print(str(disks)) == seen[0]
    state = file.stat()
    file.write_text("2")
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))  # as rsync -t does
    assert changed()
    (disks / "S002" / "c.edf").write_text("1")
    assert changed()
    (disks / "nowhere").mkdir()
    (disks / "nowhere" / "d.edf").write_text("1")
    assert changed()
    (disks / "S003").unlink()
    (disks / "nowhere" / "d.edf").unlink()
    (disks / "nowhere").rmdir()
    assert changed()
