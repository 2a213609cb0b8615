"""The restricted unpickler: NumPy's pickles come back, and nothing that a file asks for is run."""

from __future__ import annotations

import builtins
import collections
import functools
import os
import pickle
import struct

import numpy as np
import pytest

from lib.datasets.base import BadFile
from lib.datasets.safe_pickle import loads

PLAIN = {
    0: np.arange(12.0).reshape(3, 4),
    1: np.asfortranarray(np.arange(6, dtype=np.int32).reshape(2, 3)), 2: np.zeros(
        (0, 5)), 3: np.arange(8, dtype=">f4")[::2], "b": b"a\xff", "empty": b"",
    "t": (1, -2.5, True, None, "é"), "l": [np.float64(3), np.int64(4)],
    "box": np.array({"a": [1, "b"]}), "o": collections.OrderedDict(a=np.array([True, False]))
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("module", ["numpy._core", "numpy.core"])
def test_what_numpy_writes_comes_back(protocol, module):
    data = pickle.dumps(PLAIN, protocol)
    for name in (b"multiarray", b"numeric"):  # as older versions of NumPy wrote it
        new = b"numpy._core." + name
        old = module.encode() + b"." + name
        if protocol < 4:
            data = data.replace(b"c" + new + b"\n", b"c" + old + b"\n")
        # a short string has its length in front; a frame is as long as before only if nothing is
        # framed
        else:
            data = data.replace(b"\x8c" + bytes([len(new)]) + new,
                                b"\x8c" + bytes([len(old)]) + old)
    if protocol >= 4:
        data = data[:3] + struct.pack("<Q", len(data) - 11) + data[11:]
    content = loads(data, "x.npz")
    assert list(content) == list(PLAIN)
    for key in range(4):
        assert content[key].dtype == PLAIN[key].dtype.newbyteorder("=")
        np.testing.assert_array_equal(content[key], PLAIN[key])
    for key in ("b", "empty", "t", "l"):
        assert content[key] == PLAIN[key]
    assert content["o"]["a"].tolist() == [True, False]
    assert content["box"].shape == () and content["box"].item() == {"a": [1, "b"]}


class Call:
    """What pickles as a call of ``function`` with ``args``."""
    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


class Words(dict):
    def __reduce__(self):
        return eval, (f"open({str(self['file'])!r}, 'w').close()",)


def _command(file) -> str:
    return f"echo ran > {file}"


HOSTILE = {
    "os.system": lambda file: pickle.dumps(Call(os.system, _command(file))),
    "nested in a dictionary": lambda file: pickle.dumps(
        {0: np.zeros(2), 1: {"a": [Call(os.system, _command(file))]}}),
    "builtins.eval": lambda file: pickle.dumps(Call(eval, f"open({str(file)!r}, 'w').close()")),
    "builtins.open": lambda file: pickle.dumps(Call(open, str(file), "w")),
    "a subclass of dict": lambda file: pickle.dumps(Words(file=file)),
    "functools.partial": lambda file: pickle.dumps(functools.partial(os.system, _command(file))),
    "numpy.load": lambda file: pickle.dumps(Call(np.load, str(file), None, True)),
    "numpy's own save": lambda file: pickle.dumps(Call(np.save, str(file), 1)),
    "getattr": lambda file: pickle.dumps(Call(getattr, np.zeros(2), "tofile")),
    "protocol 0": lambda file: f"cos\nsystem\n(S'{_command(file)}'\ntR.".encode(),
    "INST": lambda file: f"(S'{_command(file)}'\nios\nsystem\n.".encode(),
    "OBJ": lambda file: f"(cos\nsystem\nS'{_command(file)}'\no.".encode(),
    "a dotted name": lambda file: b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.",
    "import by a dotted name": lambda file: b"\x80\x04\x8c\x05numpy\x8c\x0ef2py.os.system\x93.",
    "codec that runs": lambda file: b"c_codecs\nencode\n(Vx\nVidna\ntR.",
    "changed stand-in": lambda file: b"c_codecs\nencode\n}S'_call'\ncbuiltins\nlist\nsb0.",
    "object array": lambda file: pickle.dumps(
        np.array([Call(os.system, _command(file))], dtype=object)),
    "empty object array": lambda file: pickle.dumps(np.zeros(0, dtype=object)),
    "plain object array": lambda file: pickle.dumps(np.array([1, "a"], dtype=object)),
    "boxed by numpy.save": lambda file: pickle.dumps(
        np.array({"de": Call(os.system, _command(file))})),
    "structured array": lambda file: pickle.dumps(np.zeros(2, dtype=[("a", object)])),
    "object scalar": lambda file:
    b"cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(VO8\nI0\nI1\ntRNtR.",
    "constructor called": lambda file: b"cnumpy\nndarray\n((I99\ntVO\ntR.",
}
NAMED = {
    "os.system": rf"found {os.name}\.system", "nested in a dictionary": r"found \w+\.system",
    "builtins.eval": r"found builtins\.eval", "builtins.open": r"found \w+\.open",
    "a subclass of dict": r"found builtins\.eval", "functools.partial": r"found functools\.partial",
    "numpy.load": r"found numpy\.load", "numpy's own save": r"found numpy\.save",
    "getattr": r"found builtins\.getattr", "protocol 0": r"found os\.system",
    "INST": r"found os\.system", "OBJ": r"found os\.system",
    "a dotted name": r"found numpy\.ndarray\.tofile",
    "import by a dotted name": r"found numpy\.f2py\.os\.system",
    "codec that runs": r"_codecs\.encode to 'idna'", "changed stand-in": "a changed function",
    "object array": r"found \w+\.system", "empty object array": "found an array of no numbers",
    "plain object array": "found an array of no numbers",
    "boxed by numpy.save": r"found \w+\.system", "structured array": "found dtype 'V8'",
    "object scalar": "found an array of no numbers", "constructor called": "not callable"
}


@pytest.mark.parametrize("case", HOSTILE)
def test_nothing_runs(case, tmp_path):
    file = tmp_path / "ran"
    before = dict(vars(builtins))
    with pytest.raises(BadFile, match=NAMED[case]) as caught:
        loads(HOSTILE[case](file), "1_123.npz")
    assert list(tmp_path.iterdir()) == [] and dict(vars(builtins)) == before
    assert str(caught.value).startswith("1_123.npz: expected a pickle of plain containers"
                                        ) and "Nothing in it was run" in str(caught.value)


@pytest.mark.parametrize("case", ["os.system", "builtins.eval", "INST", "OBJ"])
def test_the_payloads_are_real(case, tmp_path):
    pickle.loads(HOSTILE[case](tmp_path / "ran"))
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("data", [
    b"", b"\x80\x04",
    pickle.dumps(PLAIN)[:-40], b"garbage",
    pickle.dumps(np.zeros(9), 2).replace(b"K\x09\x85", b"K\x08\x85"),
    b"cnumpy\ndtype\n(Vf8\ntR(I3\nV<\nI1\nNNtb.", b"Pname\n."
])
def test_damaged_bytes_are_one_message(data):
    with pytest.raises(BadFile, match="a pickle of plain containers"):
        loads(data, "x")
