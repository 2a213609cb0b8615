"""Published inflation and the readings of the protocols: complete, with their sources."""

from __future__ import annotations

import re

from lib.papers.leakage import literature as leakage


def test_every_figure_of_the_literature_has_a_source_a_doi_and_what_was_compared():
    table = leakage.literature()
    assert table["doi"].map(lambda doi: re.fullmatch(r"10\.\d{4,5}/\S+", doi) is not None).all()
    assert not table.drop(columns="points").isna().any().any()
    known = table["points"].dropna()
    assert len(known) >= 6 and known.abs().between(1, 60).all()
    assert set(table.loc[known.index, "kind"]) <= {"up to", "range"}


def test_all_four_papers_are_read_and_every_reading_names_its_place():
    table = leakage.protocols()
    assert set(
        table["paper"].str[0]) == set("1234") and table["where"].str.contains("Sec|Table").all()
    assert (table.groupby(["paper", "where"])["question"].nunique()
            == 5).all() and table["answer"].str.len().min() > 3
