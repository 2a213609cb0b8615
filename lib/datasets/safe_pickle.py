"""Read a pickle of plain containers and numeric arrays without running anything that the file asks
for.

A pickle is a small program: ``pickle.loads`` calls whatever function it names. Here each of the few
names that NumPy's own pickles need is answered by a stand-in that checks what it is given; every
other name ends the reading.
"""

import collections
import io
import math
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lib.datasets.base import BadFile


def _must(fine: object, found: str) -> None:
    if not fine:
        raise pickle.UnpicklingError(found)


class _Dtype:
    """A numeric dtype (or that of objects, see :class:`_Array`) as a pickle gives it:
    ``dtype('f8', False, True)``, then a state of which only the byte order is looked at."""

    __slots__ = ("plain",)

    def __init__(self, name, align=False, copy=True):
        fine = isinstance(name, str) and re.fullmatch(r"[biuf]\d{1,2}|O8", name)
        _must(fine, f"dtype {name!r}")
        self.plain = np.dtype(name)

    def __setstate__(self, state) -> None:
        plain = isinstance(state, tuple) and state[2:5] == (None, None, None)
        if not (plain and state[1] in ("<", ">", "|", "=")):  # no _must: the text may be huge
            raise pickle.UnpicklingError(f"dtype with state {state!r:.80}")
        self.plain = self.plain.newbyteorder(state[1])


class _Array(np.ndarray):
    """An array that takes from a pickle nothing but shape, numeric dtype, order and bytes; or is
    the box without axes in which ``numpy.save`` puts one object, which came as all else here."""
    def __setstate__(self, state) -> None:
        _, shape, dtype, fortran, content = state
        if shape == () and isinstance(content, list) and len(content) == 1:
            super().__setstate__((1, (), np.dtype(object), False, content))
            return
        filled = _filled(content, dtype, shape, "F" if fortran else "C")
        super().__setstate__((1, filled.shape, filled.dtype, False, filled.tobytes()))


def _filled(content, dtype, shape, order="C") -> np.ndarray:
    _must(isinstance(dtype, _Dtype) and not dtype.plain.hasobject, "an array of no numbers")
    _must(isinstance(content, bytes | bytearray), f"an array made of {type(content).__name__}")
    if math.prod(shape) * dtype.plain.itemsize != len(content):
        raise pickle.UnpicklingError(f"{len(content)} bytes for shape {shape}")
    return np.frombuffer(content, dtype.plain).reshape(shape, order=order)


def _reconstruct(kind, shape, code) -> np.ndarray:
    return np.ndarray.__new__(_Array, (0,))


def _frombuffer(content, dtype, shape, order, axes=None) -> np.ndarray:
    _must(axes is None, "an array with permuted axes")
    return _filled(content, dtype, shape, order)


def _scalar(dtype, content) -> np.generic:
    return _filled(content, dtype, (1,))[0]


def _encode(text, encoding) -> bytes:
    """Protocols 0 to 2 write bytes as ``_codecs.encode(text, 'latin1')``; other encodings may run
    code."""
    _must(isinstance(text, str) and encoding == "latin1", f"_codecs.encode to {encoding!r}")
    return text.encode("latin1")


class _Only:
    """A callable that a pickle may call and nothing else: its state cannot be set."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable):
        self._call = call

    def __call__(self, *args):
        return self._call(*args)

    def __setstate__(self, state) -> None:
        raise pickle.UnpicklingError("a changed function")


_BUILTINS = {kind.__name__: _Only(kind) for kind in (dict, list, tuple, int, float, bool, str)}
_BUILTINS["bytes"] = _Only(lambda content=(): bytes(list(content)))
_MULTIARRAY = {"_reconstruct": _Only(_reconstruct), "scalar": _Only(_scalar)}
_NUMERIC = {"_frombuffer": _Only(_frombuffer)}
# module -> name -> stand-in; numpy.ndarray is only ever handed to _reconstruct, so that a mark will
# do
_ADMITTED: dict[str, dict[str, object]] = {
    "builtins": _BUILTINS, "__builtin__": _BUILTINS,
    "collections": {"OrderedDict": _Only(collections.OrderedDict)
                    }, "_codecs": {"encode": _Only(_encode)},
    "numpy": {"ndarray": "numpy.ndarray", "dtype": _Only(_Dtype)},
    "numpy.core.multiarray": _MULTIARRAY, "numpy._core.multiarray": _MULTIARRAY,
    "numpy.core.numeric": _NUMERIC, "numpy._core.numeric": _NUMERIC,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str):
        known = _ADMITTED.get(module, {})
        _must(name in known, f"{module}.{name}")
        return known[name]


def loads(data: bytes, file: str | Path) -> object:
    """Read a pickle from bytes.

    Parameters
    ----------
    data : bytes
        Any protocol that Python 3 writes.
    file : path-like
        Named in the message.

    Returns
    -------
    object
        Dictionaries (ordered ones too), lists, tuples, numbers, text, bytes, None, and arrays of
        booleans, integers and floats; any of these in an array without axes, as ``numpy.save``
        writes a dictionary.

    Raises
    ------
    BadFile
        The pickle names anything else (``found os.system``), holds an array of another dtype
        (objects above all), or is damaged. Nothing that it names has run then.
    """
    stream = io.BytesIO(data)
    try:
        content = _Unpickler(stream).load()
        more = len(data) - stream.tell()
        _must(not more, f"{more} bytes after its end")
        return content
    except Exception as error:  # damaged bytes lead pickle to errors of any kind
        found = f"{type(error).__name__}: {error}".removeprefix("UnpicklingError: ")
        raise BadFile(
            file, "a pickle of plain containers and numeric arrays", found,
            "Nothing in it was run. Get the original file from the dataset's owner.") from error
