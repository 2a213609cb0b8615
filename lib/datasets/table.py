"""The one reader of text tables: what spreadsheets and devices write is read,
or one message names the cause."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from lib.datasets.base import BadFile
from lib.datasets.checks import check, refused

MISSING = ("", "NA", "NaN", "nan")  # what a table of numbers has where there is none


def read_text(path: str | Path, fix: str) -> str:
    """The text of a file in UTF-8, or UTF-16 with its mark; ``BadFile`` says what else it seems."""
    with refused(path, "a text file", fix, OSError):
        content = Path(path).read_bytes()
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    zeros = "zero bytes: damage, or UTF-16 without its mark"
    seems = "damaged UTF-16" if wide else zeros if b"\0" in content else ""
    try:
        text = content.decode("utf-16" if wide else "utf-8-sig")
        if "\0" not in text:
            return text
    except UnicodeDecodeError as error:
        line, byte = content.count(b"\n", 0, error.start) + 1, content[error.start:][:1]
        seems = seems or (f"{byte!r} in line {line}: damage, or Latin-1 (Windows-1252), where it "
                          f"is {byte.decode('latin-1')!r}")
    raise BadFile(path, "text in UTF-8", seems, f"Save it in UTF-8. {fix}")


def fields(line: str, separator: str) -> list[str]:
    """The fields of one line, without the quotes and spaces around them."""
    try:
        parts = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    except csv.Error:
        return [line]
    return [part.strip() for part in parts]


def read_csv(path: str | Path, fix: str, needs: Collection[str] = (), *,
             keep: Callable[[str], bool] = lambda name: False, text: Collection[str] = (),
             skip: int = 0, dtype: type = np.float64) -> pd.DataFrame:
    """Read columns of a table separated by commas, semicolons, tabs or bars.

    Parameters
    ----------
    path : path-like
    fix : str
        What the user can do about a bad file.
    needs : collection of str
        Columns that must be there; ``keep`` tells which others are read where there are any.
    text : collection of str
        Columns that are text, as it stands: 07, NA and 1.50 stay names. All others are numbers, of
        ``dtype``.
    skip : int
        Lines before the names of the columns.

    Returns
    -------
    pandas.DataFrame
        Indexed by the number of the line; empty lines are left out.

    Raises
    ------
    BadFile
        Another encoding, a column missing or there twice, a line with more or fewer columns than
        the first, text for a number.
    """
    must = partial(check, path, fix=fix)
    content = enumerate(read_text(path, fix).splitlines()[skip:], skip + 1)
    lines = {number: line for number, line in content if line.strip(' ,;\t|"')}
    header = lines.pop(min(lines, default=0), "")
    if header.startswith("sep="):  # what some spreadsheets write before the names
        header = lines.pop(min(lines, default=0), "")

    def wanted(name: str) -> bool:
        return name in needs or keep(name)

    def parsed(by: str) -> list[str]:
        return fields(header.rstrip(f" {by}"), by)

    separator = max(",;\t|", key=lambda by: (sum(map(wanted, parsed(by))), len(parsed(by))))
    names = parsed(separator)
    picked = {i: name for i, name in enumerate(names) if wanted(name)}
    missing = [name for name in needs if name not in names]
    must(not missing, f"the columns {', '.join(needs)}",
         f"no {', '.join(missing)} in {header[:60]!r}")
    twice = [name for name, count in Counter(picked.values()).items() if count > 1]
    must(not twice, "each column once", f"{', '.join(twice)} twice")
    must(lines and picked, "a table, its columns named and separated by commas",
         f"{header[:60]!r} and {len(lines)} lines")
    _squared(path, fix, lines, separator, len(names))
    return _typed(path, fix, lines, separator, picked, text, dtype)


def _squared(path: str | Path, fix: str, lines: dict[int, str], separator: str, width: int) -> None:
    """Cut empty fields off the ends of lines; refuse lines that then have another width."""
    for number, line in lines.items():
        if '"' in line or line.count(separator) != width - 1:
            parts, open_quote = fields(line, separator), line.count('"') % 2
            check(path, not open_quote, "double quotes in pairs",
                  f"one that does not close in line {number}", fix)
            fits = len(parts) >= width and not any(parts[width:])
            check(path, fits, f"{width} columns separated by {separator!r} in each line",
                  f"{len(parts)} in line {number}",
                  f"A name or number that holds {separator!r} stands in double quotes. {fix}")
            if more := len(parts) - width:
                lines[number] = line.rsplit(separator, more)[0]


def _typed(path: str | Path, fix: str, lines: dict[int, str], separator: str,
           picked: dict[int, str], text: Collection[str], dtype: type) -> pd.DataFrame:
    """The picked columns of lines of one width: numbers, or text where it is wanted."""
    numbers = [i for i, name in picked.items() if name not in text]

    def parse(decimal: str, kind: type) -> pd.DataFrame:
        return pd.read_csv(io.BytesIO("\n".join(lines.values()).encode()), sep=separator,
                           decimal=decimal, header=None, usecols=list(picked),
                           skipinitialspace=True, keep_default_na=False,
                           dtype={i: kind if i in numbers else str for i in picked},
                           na_values={} if kind is str else {i: MISSING for i in numbers})

    for decimal in "." if separator == "," else ".,":
        with suppress(ValueError):
            table = parse(decimal, dtype)
            break
    else:
        table = parse(".", str)  # to find the text that is no number
    table.index = pd.Index(lines)
    for i, name in picked.items():
        if i not in numbers:
            table[i] = table[i].str.strip()
        elif table[i].dtype != dtype:
            values = pd.to_numeric(table[i], errors="coerce")
            wrong = table[i][values.isna() & ~table[i].isin(MISSING)].to_dict()
            line, found = next(iter(wrong.items()), (0, ""))
            check(path, not wrong, f"a number for {name}", f"{found!r} in line {line}", fix)
            table[i] = values.astype(dtype)
    return table.rename(columns=picked)
