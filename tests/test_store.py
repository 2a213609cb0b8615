"""The memo's entries: anything but the very bytes that were written is refused."""

import numpy as np
import pytest

from lib.store import Store

VALUE = {
    "test": np.arange(6.0), "history": np.ones((2, 3), np.float32), "name": np.array(["a", "b"])
}


@pytest.fixture
def entry(tmp_path):
    store = Store(tmp_path)
    store.save("work/key", VALUE)
    return store, tmp_path / "work" / "key.npz"


def refused(store, file, content: bytes) -> bool:
    file.write_bytes(content)
    return store.load("work/key") is None and not file.exists()


def test_every_flipped_bit_cut_and_zeroed_block_is_refused(entry):
    store, file = entry
    good = file.read_bytes()
    for place in range(len(good)):
        assert refused(store, file, good[:place] + bytes([good[place] ^ 1 << place % 8]) +
                       good[place + 1:]), place
        assert refused(store, file, good[:place]), place
    assert all(
        refused(store, file, good[:at] + bytes(64) + good[at + 64:])
        for at in range(0,
                        len(good) - 64, 64))
    file.write_bytes(good)
    found = store.load("work/key")
    assert found.keys() == VALUE.keys() and all(
        np.array_equal(found[name], VALUE[name]) for name in VALUE)


def test_an_entry_with_a_missing_member_is_refused(entry):
    store, file = entry
    np.savez(file, **{name: VALUE[name] for name in ("test", "history")})
    assert store.load("work/key") is None


def test_numpy_opens_an_entry(entry):
    with np.load(entry[1]) as archive:
        assert set(archive.files) == VALUE.keys()
