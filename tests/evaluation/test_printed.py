"""What a paper's own files must say, and the words for what they lack."""

import pytest

from lib.datasets import catalogue
from lib.evaluation import checks, numbers, printed

FACTS = "paper: {0}\ntitle: {1} {0}\nanswers: {{}}\nfolds: {{}}\nrows: {{}}\n"


def write(folder, name, text):
    (folder / name).mkdir(parents=True)
    (folder / name / "paper.yaml").write_text(text)


def test_papers_stand_in_the_order_of_their_numbers(tmp_path):
    for number, name in ((10, "ten"), (2, "two"), (1, "one")):
        write(tmp_path, name, FACTS.format(name, number))
    assert [*printed._papers(tmp_path)] == ["one", "two", "ten"]


@pytest.mark.parametrize(("text", "said"),
                         [("paper: x\ntitle: 1 x\nanswers: {}\n", "found no folds, rows"),
                          ("", "found no paper, title"),
                          (FACTS.format("x", "first"), "begins with the paper's number")])
def test_a_paper_that_lacks_a_fact_is_named(tmp_path, text, said):
    write(tmp_path, "x", text)
    with pytest.raises(ValueError, match=said) as error:
        printed._papers(tmp_path)
    assert "x/paper.yaml" in str(error.value)


def test_a_statement_that_cannot_be_checked_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(numbers, "papers", lambda: {"x": {"folder": tmp_path}})
    (tmp_path / "claims.yaml").write_text("- {id: a, where: Sec 1, kind: rows}\n")
    with pytest.raises(ValueError, match=r"claims\.yaml: a statement has no claim"):
        numbers._statements.__wrapped__("x")
    with pytest.raises(ValueError, match="x, a: no kind 'guess'; there are difference"):
        checks.check("x", {"id": "a", "where": "", "claim": "", "kind": "guess"})


@pytest.mark.parametrize(("facts", "said"),
                         [({"read": "dens.read", "title": "x"}, "no tier, papers"),
                          ({"title": "x"}, "no tier, papers")])
def test_a_dataset_that_lacks_a_fact_is_named(facts, said):
    with pytest.raises(ValueError, match=f"datasets.yaml, mine: {said}"):
        catalogue._dataset("mine", facts)
