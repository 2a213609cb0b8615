"""The folder of a simulated cohort, when the process that writes it is killed."""

import pytest

from lib.simulation.folder import claim, finish
from lib.whole import write_file


def test_a_cohort_is_taken_up_again_wherever_its_writer_was_killed(tmp_path):
    root = tmp_path / "cohort"
    (root / ".partial").mkdir(parents=True)
    # killed while the very first file was written
    (root / ".partial" / ".key.1234.part").write_text("ab")
    assert not claim(root, "abc", "simulated")
    write_file(root / "data.csv", "1")
    assert not claim(root, "abc", "simulated")
    with pytest.raises(ValueError, match="other parameters"):
        claim(root, "xyz", "simulated")
    finish(root, {"key": "abc"})
    assert claim(root, "abc", "simulated")
    assert sorted(path.name
                  for path in root.iterdir()) == ["SIMULATED.txt", "data.csv", "truth.json"]


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="Remove the folder or give another"):
        claim(tmp_path, "abc", "simulated")
