"""What the readers share: one way to refuse a file, to leave it out, and to say so."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lib.datasets.base import BadFile


def check(file, fine: object, expected: str, found: object, fix: str) -> None:
    """Refuse a file in which something is not as expected."""
    if not fine:
        raise BadFile(file, expected, str(found), fix)


@contextmanager
def left_out(dropped: dict[str, str], name: str, more: str = "") -> Iterator[None]:
    """What is refused meanwhile is left out: ``dropped`` has the reason."""
    try:
        yield
    except BadFile as error:
        dropped[name] = f"{error}{more}"


def tell(log: logging.Logger, level: int, folder: Path, dropped: Mapping[str, str]) -> None:
    """Log how much was left out of a folder, and the first reason."""
    if dropped:
        log.log(level, "%s: %d left out, the first, %s, because: %s", folder, len(dropped),
                *next(iter(dropped.items())))
