"""The memo: finished work on disk, found again by content.

An entry's key is a hash of what the work was given, the code that can change its result, and the
versions of the packages that code imports. Change a parameter and change it back, and the old entry
is found; edit a comment or a docstring, and nothing is recomputed. Entries are ``.npz`` files of
plain arrays, written atomically, that end in the checksum of all that stands before it; a damaged
one is recomputed alone.
"""

import ast
import contextlib
import hashlib
import importlib.metadata
import inspect
import json
import logging
import mmap
import os
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import joblib
import numpy as np

from lib import paths
from lib.whole import writing

log = logging.getLogger(__name__)
CHECKSUM = 32  # bytes at the end of an entry
# packages whose version can change a number: what is imported -> what is installed
NUMERICAL = {name: name for name in ("numpy", "scipy", "torch", "torchvision", "mne", "neurokit2")
             } | {"cv2": "opencv-python-headless", "sklearn": "scikit-learn"}


def digest(value) -> str:
    """Content hash of arrays, scalars, strings and containers of them (:func:`joblib.hash`)."""
    return joblib.hash(value)


def json_digest(value) -> str:
    """Hash of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _plain(node):
    """A syntax tree as lists, without what only some versions of Python have in it."""
    if isinstance(node, list):
        return [_plain(part) for part in node]
    if not isinstance(node, ast.AST):
        return ascii(node)
    fields = [(name, _plain(value)) for name, value in ast.iter_fields(node)
              if value not in (None, [])]
    return [type(node).__name__, *fields]


@cache
def bare(source: str) -> str:
    """Hash of Python code without comments, docstrings and layout, so that explaining it better
    recomputes nothing; the same in each version of Python."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef
                      | ast.AsyncFunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return json_digest(_plain(tree))


@cache
def _imports(source: str) -> set[str]:
    """All that some code imports, whether modules or names in them."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def import_closure(source: str | Path) -> tuple[dict[str, Path], set[str]]:
    """Follow imports from one file: modules of this package (name -> file), and names of the other
    packages met."""
    found: dict[str, Path] = {}
    others: set[str] = set()
    queue = [Path(source)]
    while queue:
        for name in _imports(queue.pop().read_text(encoding="utf-8")) - found.keys():
            base = paths.ROOT.joinpath(*name.split("."))
            files = base.with_suffix(".py"), base / "__init__.py"
            file = next(filter(Path.is_file, files), None) if name.startswith("lib.") else None
            if file is None:
                others.add(name.split(".")[0])
            else:
                found[name] = file
                queue.append(file)
    return found, others


@cache
def code_digest(source: str | Path) -> str:
    """Hash of a file's code and of all code of this package it imports, with the versions of
    numerical packages."""
    modules, others = import_closure(source)
    files = [Path(source), *(modules[name] for name in sorted(modules))]
    versions = {
        name: importlib.metadata.version(NUMERICAL[name]).split("+")[0]
        for name in sorted(others & NUMERICAL.keys())
    }
    return json_digest([[bare(file.read_text(encoding="utf-8")) for file in files], versions])


def used(place: Path) -> None:
    """Note that finished work was used now: what was used longest ago is pruned first."""
    with contextlib.suppress(OSError):
        os.utime(place, ns=(time.time_ns(), place.stat().st_mtime_ns))


class Store:
    """A folder of finished results.

    Parameters
    ----------
    root : path-like, optional
        Default: ``build/memo``.
    """
    def __init__(self, root: str | os.PathLike | None = None):
        self.root = Path(root) if root else paths.memo()
        self.hits = self.misses = 0

    def key(self, work: Callable, given) -> str:
        """Key of ``work`` on ``given`` (anything :func:`digest` takes; pass digests of big arrays,
        not the arrays)."""
        file = inspect.getsourcefile(work)
        assert file is not None, f"{work} has no source file"
        return f"{work.__name__}/{digest((work.__qualname__, CHECKSUM, code_digest(file), given))}"

    def load(self, key: str) -> dict[str, np.ndarray] | None:
        """The stored arrays, or None where there are none or they are damaged (then the entry is
        removed)."""
        file = self.root / f"{key}.npz"
        try:
            with file.open("rb") as handle:
                with mmap.mmap(handle.fileno(), 0,
                               access=mmap.ACCESS_READ) as content, memoryview(content) as view:
                    # numpy alone misses some damage
                    if hashlib.sha256(view[:-CHECKSUM]).digest() != view[-CHECKSUM:]:
                        raise ValueError("wrong checksum")
                with np.load(handle, allow_pickle=False) as archive:
                    value = {name: archive[name] for name in archive.files}
            self.hits += 1
            used(file)
            return value
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            log.warning(
                "%s: expected a finished result, found a damaged file (%s). It is computed again.",
                file, error)
            file.unlink(missing_ok=True)
        self.misses += 1
        return None

    def save(self, key: str, value: Mapping[str, np.ndarray]) -> None:
        """Write atomically. Where it cannot be written (a full disk), say so once and go on: only
        the memo is lost."""
        file = self.root / f"{key}.npz"
        try:
            with writing(file) as handle:
                np.savez(handle, **{name: np.asarray(array) for name, array in value.items()})
                handle.seek(0)
                handle.write(hashlib.file_digest(handle, "sha256").digest())
        except OSError as error:
            log.warning(
                "%s: expected room for a finished result, found %r. The result is used but not "
                "kept; free some disk space "
                "or set BUILD.", file, error)

    def memoise(self, work: Callable[..., Mapping[str, np.ndarray]], *args, given=None,
                **kwargs) -> dict[str, np.ndarray]:
        """``work(*args, **kwargs)``, remembered under ``given`` (default: the arguments
        themselves)."""
        key = self.key(work, (args, kwargs) if given is None else given)
        value = self.load(key)
        if value is None:
            value = dict(work(*args, **kwargs))
            self.save(key, value)
        return value
