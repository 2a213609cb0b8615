"""The one reader of text tables: tables that say the same, and the cause of what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from lib.datasets.base import BadFile
from lib.datasets.table import read_csv, read_text

NEEDS = ("latency", "type")


def read(path, content, **options):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_csv(path, "Fix.", NEEDS, **{"text": ("type",)} | options)


# tables that say the same: 0.5 for 07, 1.25 for "a, b; c", nothing for NA
GOOD = {
    "plain": 'latency,x,type\n0.5,1,07\n1.25,2,"a, b; c"\n,3,NA\n',
    "semicolons, decimal commas": 'latency;x;type\n0,5;1;07\n1,25;2;"a, b; c"\n;3;NA\n',
    "semicolons, decimal points": 'latency;x;type\n0.5;1;07\n1.25;2;"a, b; c"\n;3;NA\n',
    "tabs": "latency\tx\ttype\n0,5\t1\t07\n1,25\t2\ta, b; c\n\t3\tNA\n",
    "mark, trailing commas, empty lines": '\ufeff\r\nlatency,x,type,\r\n0.5,1,07,,\r\n1.25,2,"a, '
    'b; c",\r\n,3,NA\r\n,,,\r\n',
    "spaces and quotes": ' "latency" , "x" , "type" \n 0.5 , 1 , "07" \n 1.25 , 2 , "a, b; c" \n '
    ', 3 , NA ',
    "a spreadsheet's first line": 'sep=;\nlatency;x;type\n0,5;1;07\n1,25;2;"a, b; c"\n;3;NA\n',
}


@pytest.mark.parametrize("case", GOOD)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_tables_that_say_the_same(tmp_path, case, encoding):
    table = read(tmp_path / "a.csv",
                 GOOD[case].replace("\ufeff", "\ufeff" * (encoding == "utf-8")).encode(encoding))
    assert table["type"].tolist() == ["07", "a, b; c", "NA"]
    np.testing.assert_array_equal(table["latency"], [0.5, 1.25, np.nan])


@pytest.mark.parametrize(
    "name", ["07", "NA", "null", "TRUE", "1.50", "nan", "None", "1e5", "0x10", "é", "日本"])
def test_names_stay_text(tmp_path, name):
    assert read(tmp_path / "a.csv",
                f"latency,type\n1,{name}\n2,{name}\n")["type"].tolist() == [name, name]


BAD = {
    "decimal commas between commas": (
        "latency,type\n0,5,a\n", "columns separated by ',' in each line, found 3 in line 2. A"),
    "a quoted decimal comma": ('latency,type\n1,a\n"0,5",a\n',
                               "a number for latency, found '0,5' in line 3"),
    "two decimal signs": ("latency;type\n0,5;a\n1.5;a\n",
                          "a number for latency, found '0,5' in line 2"),
    "thousands": ("latency;type\n1.234,5;a\n",
                  "found '1.234,5' in line 2"), "text": ("latency,type\n1,a\n\n1 s,a\n",
                                                         "found '1 s' in line 4"),
    "a short line": ("latency,type\n1,a\n2\n",
                     "found 1 in line 3"), "an open quote": ('latency,type\n1,"a\n2,b\n',
                                                             "one that does not close in line 2"),
    "no such column": ("a,b\n1,2\n", "the columns latency, type, found no latency, type in 'a,b'"),
    "a column twice": ("latency,type,type\n1,a,b\n", "each column once, found type twice"),
    "no lines": ("latency,type\n", "a table, its columns named and separated by commas"),
    "nothing": ("", "found no latency, type in \'\'"),
    "Latin-1": ("latency,type\n1,é\n".encode("latin-1"),
                "found b'\\xe9' in line 2: damage, or Latin-1 (Windows-1252), where it is 'é'"),
    "UTF-16 without its mark": ("latency,type\n1,é\n".encode("utf-16-le"),
                                "UTF-16 without its mark"),
    "zeroed": (b"latency,type\n1,a\n\0\0\0\0\n", "zero bytes"),
}


@pytest.mark.parametrize("case", BAD)
def test_the_cause_is_named(tmp_path, case):
    content, reason = BAD[case]
    with pytest.raises(BadFile, match=r"a\.csv: expected .* Fix\.$") as caught:
        read(tmp_path / "a.csv", content)
    assert reason in str(caught.value)


def test_no_such_file(tmp_path):
    with pytest.raises(BadFile, match="found FileNotFoundError"):
        read_text(tmp_path / "a.csv", "Fix.")
