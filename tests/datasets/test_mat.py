"""MATLAB files whose lengths do not add up are refused, however SciPy would read them."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from scipy.io import savemat

from lib.datasets import mat
from lib.datasets.base import BadFile

HERE = struct.Struct("<II")


def cells(*values):
    out = np.empty((1, len(values)), object)
    out[0, :] = values
    return out


CONTENT = {
    "trials": cells(*(np.full((10, 3), i, float) for i in range(8))),
    "names": cells("a", "longer", ""),
    "nested": {"rate": 128, "of": {"x": np.arange(5, dtype=np.int16)}, "none": np.zeros(
        (0, 0))}, "logical": np.array([True, False]), "complex": np.array([1 + 2j]),
}


def element(content: bytes, at: int = 128) -> int:
    """Where the element after the one at a place begins."""
    return at + 8 + HERE.unpack_from(content, at)[1]


@pytest.fixture(params=[False, True], ids=["plain", "compressed"])
def file(tmp_path, request):
    savemat(tmp_path / "a.mat", CONTENT, do_compression=request.param)
    return tmp_path / "a.mat"


def test_every_kind_of_array_is_read(file):
    found = mat.load(file, [*CONTENT, "other"], "", squeeze_me=True, struct_as_record=False)
    assert list(found) == list(CONTENT) and found["names"].tolist()[:2] == ["a", "longer"]
    assert [trial[0, 0] for trial in found["trials"]] == list(range(8))
    assert found["nested"].of.x.tolist() == [0, 1, 2, 3, 4] and found["complex"] == 1 + 2j
    assert list(mat.load(file, ["names"], "")) == ["names"]
    file.write_bytes(file.read_bytes() + bytes(100))  # a block filled up
    assert len(mat.load(file, CONTENT, "")) == len(CONTENT)


@pytest.mark.parametrize("how", ["cut", "cut at an element", "doubled", "one byte less"])
def test_a_damaged_file_is_refused_whatever_part_is_wanted(file, how):
    content = file.read_bytes()
    first = element(content)
    file.write_bytes({
        "cut": content[:-40], "cut at an element": content[:first + 8],
        "doubled": content[:300] + content[140:],
        "one byte less": content[:first - 1] + content[first:],
    }[how])
    with pytest.raises(BadFile, match=r"a\.mat: expected a MATLAB 5 file, found .*\. Get it again"):
        mat.load(file, CONTENT, "Get it again.")


def test_lengths_inside_a_variable_must_add_up(tmp_path):
    """The length of one cell is changed: SciPy reads each cell after it from another place."""
    savemat(tmp_path / "a.mat", {"trials": CONTENT["trials"]})
    content = bytearray((tmp_path / "a.mat").read_bytes())
    at = content.index(struct.pack("<II", 9, 240))  # the first trial's numbers
    for size in (232, 248, 24):
        HERE.pack_into(content, at, 9, size)
        (tmp_path / "a.mat").write_bytes(content)
        with pytest.raises(BadFile, match="a MATLAB 5 file"):
            mat.load(tmp_path / "a.mat", ["trials"], "")


def test_an_array_that_only_says_it_is_complex_is_refused(tmp_path):
    """SciPy reads the imaginary part, which is not there, and the process ends."""
    savemat(tmp_path / "a.mat", {"trials": CONTENT["trials"]})
    content = bytearray((tmp_path / "a.mat").read_bytes())
    flags = content.index(struct.pack("<II", 9, 240)) - 31  # of the first trial's array
    assert content[flags - 1:flags + 1] == b"\x06\0"
    content[flags] = 8
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(BadFile, match="1 parts of data for an array that has 2"):
        mat.load(tmp_path / "a.mat", ["trials"], "")


def test_the_checksum_of_compressed_data_is_held_against_them(tmp_path):
    savemat(tmp_path / "a.mat", {"x": np.zeros(3)}, do_compression=True)
    content = bytearray((tmp_path / "a.mat").read_bytes())
    size = HERE.unpack_from(content, 128)[1]
    data = zlib.decompress(bytes(content[136:136 + size]))
    changed = zlib.compress(data[:-8] + struct.pack("<d", 1.0))
    content[128:] = HERE.pack(15, len(changed)) + changed[:-4] + content[-4:]
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(BadFile, match="incorrect data check"):
        mat.load(tmp_path / "a.mat", ["x"], "")


@pytest.mark.parametrize(
    "head", [b"MATLAB 7.3 MAT-file".ljust(512), b"\x89HDF\r\n\x1a\n",
             bytes(512) + b"\x89HDF\r\n"])
def test_version_7_3_says_how_to_save_it_in_an_older_one(tmp_path, head):
    (tmp_path / "a.mat").write_bytes(head.ljust(2000, b"\0"))
    with pytest.raises(
            BadFile,
            match=r"found version 7\.3 \(HDF5\)\. In MATLAB: s = load\('a\.mat'\); save.*'-v7'"):
        mat.load(tmp_path / "a.mat", ["x"], "")
