"""Profiles: what a run changes, read from ``notebooks/profiles/*.yaml`` and from nowhere else.

A profile of one's own is one more YAML there, over another that it is ``like``: ``PROFILE=mine``.
"""

import dataclasses
import hashlib
import importlib
import inspect
import json
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import yaml

from lib import paths
from lib.whole import write_file

OURS = ("demo", "public", "paper")  # each reads data of its own
STANDARD = ("profile", "seed", "device", "data", "out")  # the parameters of every notebook


class Refused(ValueError):
    """A run that was not begun: a parameter, a profile key or a notebook that does not exist, or a
    wrong type."""


class _Once(yaml.SafeLoader):
    """YAML in which each key of a mapping stands once: the second would silently win."""
    def construct_mapping(self, node, deep=False):
        keys = [key for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        names = [key.value for key in keys]
        if twice := [key for key in keys if names.count(key.value) > 1]:
            raise yaml.YAMLError(f"{twice[1].value!r} twice, line {twice[1].start_mark.line + 1}")
        return super().construct_mapping(node, deep)


@dataclass(frozen=True)
class Profile:
    """What one YAML says, over those that it is like.

    Attributes
    ----------
    name : str
    base : {"demo", "public", "paper"}
        Whose data are read, and whose notebooks run.
    parameters : mapping
        Of every notebook.
    notebooks : mapping
        Notebook -> parameters of its own.
    presets : mapping
        Folder of a paper in ``lib/papers`` -> what is changed in its ``Preset``.
    """

    name: str
    base: str
    parameters: Mapping[str, Any]
    notebooks: Mapping[str, Mapping[str, Any]]
    presets: Mapping[str, Mapping[str, Any]]


def names() -> list[str]:
    """All profiles: ours, then the user's."""
    there = {file.stem for file in paths.profiles().glob("*.yaml")}
    return [*(name for name in OURS if name in there), *sorted(there - set(OURS))]


def merged(old: Mapping, new: Mapping) -> dict:
    """``new`` over ``old``, level by level."""
    both = {
        key for key in old.keys() & new.keys()
        if isinstance(old[key], Mapping) and isinstance(new[key], Mapping)
    }
    return {**old, **new} | {key: merged(old[key], new[key]) for key in both}


def _tuples(value):
    if isinstance(value, Mapping):
        return {key: _tuples(part) for key, part in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _read(name: str) -> dict:
    made = paths.sets() / f"{name}.yaml"
    file = made if made.is_file() else paths.profiles() / f"{name}.yaml"
    if not file.is_file():
        raise Refused(f"there is no profile {name!r}; there are {', '.join(names())}")
    try:
        given = yaml.load(file.read_text(encoding="utf-8"), _Once) or {}
        json.dumps(given, default=str, skipkeys=True)  # a ValueError for what holds itself
    except (yaml.YAMLError, ValueError) as error:
        raise Refused(f"{file.name}: expected YAML, found {error}") from error
    if not isinstance(given, Mapping):
        raise Refused(f"{file.name}: expected names with values, found {given!r}")
    return dict(given)


def load(name: str) -> Profile:
    """Read a profile and those that it is like.

    Raises
    ------
    Refused
        Where there is no such profile, or it holds a key that is neither ``like``, ``presets``, a
        standard parameter nor the name of a notebook.
    """
    given, chain = _read(name), [name]
    while chain[-1] not in OURS:
        like = given.pop("like", None)
        if like in chain or not isinstance(like, str):
            raise Refused(f"{chain[-1]}.yaml: expected `like: {'`, `like: '.join(OURS)}`, whose "
                          f"data it reads, found {'none' if like is None else f'like: {like}'}")
        given = merged(_read(like), given)
        chain.append(like)
    given["profile"] = name
    papers = sorted(file.name for file in paths.PAPERS.iterdir() if (file / "paper.yaml").exists())
    lessons = [file.stem for file in paths.sources()]
    presets = given.pop("presets", {})
    _known(presets, papers, f"{name}.yaml, presets", "paper")
    for key, value in given.items():
        if value is None:
            raise Refused(f"{name}.yaml: {key} stands there without a value")
        if isinstance(value, Mapping) and key not in lessons:
            raise Refused(f"{name}.yaml: section {key!r} names no notebook; there are "
                          f"{', '.join(lessons)}")
        if not isinstance(value, Mapping) and key not in STANDARD:
            raise Refused(f"{name}.yaml: {key!r} is no common parameter ({', '.join(STANDARD)}); "
                          "others go under a notebook's name")
    own = {key: value for key, value in given.items() if isinstance(value, Mapping)}
    common = {key: value for key, value in given.items() if key not in own}
    return Profile(name, chain[-1], common, own, _tuples(presets))


def changed(like: str, notebook: str, paper: str, own: Collection[str],
            settings: Sequence[str]) -> str:
    """A profile below ``build`` that changes settings such as ``repeats=3`` or ``recipe.epochs=5``:
    parameters of the notebook (``own``), or fields of its paper's preset. Returns its name."""
    given: dict = {"like": like}
    for setting in settings:
        key, equals, text = setting.partition("=")
        try:
            value = yaml.load(text, _Once)
        except yaml.YAMLError as error:
            raise Refused(f"--set {setting}: expected a value, found {error}") from error
        if not equals or value is None:
            raise Refused(f"--set {setting}: expected NAME=VALUE, as in repeats=3")
        for part in reversed(key.split(".")):
            value = {part: value}
        if key in own:
            given = merged(given, {notebook: value})
        else:
            given = merged(given, {"presets": {paper: value}})
    text = yaml.safe_dump(given)
    name = f"set-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    paths.sets().mkdir(parents=True, exist_ok=True)
    write_file(paths.sets() / f"{name}.yaml", text.encode())
    if given.get("presets"):
        kind = importlib.import_module(f"lib.papers.{paper}.settings").Preset
        try:
            kind.of(name)
        except Refused as error:
            raise Refused(f"{error}; parameters of {notebook}: {', '.join(own)}") from error
    return name


def base(name: str) -> str:
    """Whose data a profile reads: ``"demo"`` (simulated), ``"public"`` or ``"paper"``."""
    return name if name in OURS else load(name).base


def _known(given: Any, known, where: str, what: str = "key") -> None:
    if not isinstance(given, Mapping):
        raise Refused(f"{where}: expected names with values, found {given!r}")
    if unknown := [key for key in given if key not in known]:
        raise Refused(f"{where}: {unknown[0]!r} is no {what}; there are {', '.join(known)}")


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value from YAML is of an annotated type; whole numbers are floats, too."""
    if hint in (Any, inspect.Parameter.empty):
        return True
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, one) for one in typing.get_args(hint))
    if isinstance(value, bool) and hint is not bool:
        return False
    return isinstance(value, (int, float) if hint is float else origin or hint)


def _checked(given: Any, of: Callable | Mapping, where: str) -> None:
    """Refuse what ``of(**given)`` would not take; a mapping ``of``: each key for itself."""
    if isinstance(of, Mapping):
        _known(given, of, where)
        for key, value in given.items():
            _checked(value, of[key], f"{where}, {key}")
        return
    hints = typing.get_type_hints(of.__init__ if inspect.isclass(of) else of)
    _known(given, inspect.signature(of).parameters, where)
    for key, value in given.items():
        if not _fits(value, hint := hints.get(key, Any)):
            wanted = getattr(hint, "__name__", str(hint)).replace("collections.abc.", "")
            raise Refused(
                f"{where}: {key} = {value!r} is {type(value).__name__}, expected {wanted}" +
                (" (YAML takes 4e-3 for text: write 4.0e-3)"
                 if isinstance(value, str) and hint is float else ""))


class Preset:
    """What a profile can change of a paper: a dataclass that derives from this one in the paper's
    ``settings``. Its defaults are those of the paper; a field that :func:`taken_by` describes is
    checked by what takes it."""
    @classmethod
    def of(cls, profile: str) -> Self:
        """The preset of a profile.

        Raises
        ------
        Refused
            Where the profile names a field or option that is not there, or a wrong type.
        """
        paper = cls.__module__.split(".")[-2]
        given = load(profile).presets.get(paper, {})
        return _built(cls, given, f"{profile}.yaml, presets, {paper}")


def _built(kind: Any, given: Mapping[str, Any], where: str) -> Any:
    """The dataclass with what is given over its defaults."""
    fields, values = {field.name: field for field in dataclasses.fields(kind)}, {}
    _known(given, fields, where)
    for name, value in given.items():
        default, within = getattr(kind(), name), f"{where}, {name}"
        if dataclasses.is_dataclass(default):
            values[name] = _built(type(default), value, within)
            continue
        _checked({name: value}, kind, where)
        if "of" in fields[name].metadata:
            _checked(value, fields[name].metadata["of"], within)
        values[name] = merged(default, value) if isinstance(value, Mapping) else value
    return kind(**values)


def taken_by(of: Callable | Mapping[str, Callable], **default: Any) -> Any:
    """A field of a preset whose value are arguments of ``of``; of a mapping, per key."""
    return dataclasses.field(default_factory=lambda: default, metadata={"of": of})
