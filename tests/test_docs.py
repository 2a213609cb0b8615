"""The documents: their links lead somewhere, every dataset and simulator has a card, and what they
quote is what the tables hold."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from lib import paths
from lib.companion.provenance import read_notebook
from lib.datasets.catalogue import DATASETS
from lib.evaluation.printed import papers

ROOT = paths.ROOT
DOCS = [
    *sorted(ROOT.glob("*.md")), ROOT / "notebooks" / "README.md", *sorted(
        (ROOT / "docs").rglob("*.md"))
]
CARDS = ROOT / "docs" / "data-cards"
REFORMS = sorted((ROOT / "docs" / "reforms").glob("*.md"))
SECTIONS = {
    False: [
        "What it is", "What was recorded", "Files that the reader expects", "Labels",
        "Known faults", "Splits used here", "What it cannot answer", "Ethics", "Citation"
    ], True: [
        "What it is for", "Files", "Parameters", "Modelled", "Not modelled", "The null twin",
        "What it was calibrated to", "What a result on it can and cannot mean", "Limits"
    ],
}
# of REFORMS: 32 items in 8 sections
PARTS = ("abc", "abcde", "abcdefg", "abc", "abcdef", "abc", "abc", "ab")
ITEMS = [f"{section}{letter}" for section, letters in enumerate(PARTS, 1) for letter in letters]


def identify(file) -> str:
    return file.relative_to(ROOT).as_posix()


def headings(file) -> set[str]:
    """Anchors of a page, as GitHub makes them; of a notebook, as Jupyter does, from its source."""
    if file.suffix == ".ipynb":
        lines = "\n".join(cell.source for cell in read_notebook(file.stem).cells
                          if not cell.code).splitlines()
        return {
            re.sub("^# #+ ", "", line).replace(" ", "-") for line in lines
            if re.match("# #+ ", line)
        }
    titles = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def faults(file) -> list[str]:
    """Relative links of a page that lead nowhere."""
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", file.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (file.parent / path).resolve() if path else file
        if re.match("[a-z]+:", link):
            continue
        if not target.exists() or (anchor and anchor not in headings(target)):
            lost.append(link)
    return lost


@pytest.mark.parametrize("file", DOCS, ids=identify)
def test_links_lead_somewhere_and_no_machine_is_named(file):
    assert faults(file) == []
    assert re.findall(r"(?<![\w.~/])/(?:home|Users|root|tmp|work|mnt|opt)/\S+|[A-Z]:\\\S+",
                      file.read_text(encoding="utf-8")) == []


def test_broken_links_are_found(tmp_path):
    page = tmp_path / "page.md"
    notebook = (paths.NOTEBOOKS / "42_eeg_recognition.ipynb").as_posix()
    page.write_text(f"# One, two\n[a](#one-two) [b](#three) [c](no.md) [d]({notebook}#Five-splits) "
                    f"[e]({notebook}#Six-splits) [f](https://x.org/y#z)\n")
    assert faults(page) == ["#three", "no.md", f"{notebook}#Six-splits"]


def test_commands_and_notebooks_that_the_documents_name_exist():
    text = "\n".join(file.read_text(encoding="utf-8") for file in DOCS)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = set(re.findall(r"(?:`|^    )make(?: -\w+)* ([a-z-]+)", text, re.M))
    assert {"reproduce", "test", "data-status"} <= named
    assert named - targets == set()
    assert {
        name for name in re.findall(r"(?<!sub-)\b\d\d_[a-z]\w+", text)
        if not (paths.NOTEBOOKS / f"{name}.py").is_file()
    } == set()


def rows() -> list[tuple[list[str], str]]:
    """Names and card of each row of the index."""
    found = re.findall(r"^\| (.+?) \|.*\]\(([\w-]+\.md)\) \|$",
                       (CARDS / "README.md").read_text(encoding="utf-8"), re.M)
    return [(re.findall(r"`([\w-]+)`", names), card) for names, card in found]


def test_every_dataset_and_simulator_has_a_card():
    cards = {name: card for names, card in rows() for name in names}
    assert set(DATASETS) - set(cards) == set()
    assert [
        name for name, card in cards.items()
        if f"`{name}`" not in (CARDS / card).read_text(encoding="utf-8")
    ] == []
    assert {card for _, card in rows()} == {file.name
                                            for file in CARDS.glob("*.md")} - {"README.md"}
    text = "\n".join(file.read_text(encoding="utf-8") for file in CARDS.glob("*-simulated.md"))
    made = [
        file.stem for file in (ROOT / "lib" / "simulation").glob("*.py")
        if "\ndef make(" in file.read_text(encoding="utf-8")
    ]
    assert len(made) >= 6
    assert [name for name in made if f"`lib.simulation.{name}.make`" not in text] == []


@pytest.mark.parametrize("card", sorted(set(CARDS.glob("*.md")) - {CARDS / "README.md"}),
                         ids=lambda card: card.stem)
def test_cards_have_all_sections(card):
    found = re.findall(r"^## (.+)$", card.read_text(encoding="utf-8"), re.M)
    assert found == SECTIONS[card.stem.endswith("-simulated")]


@pytest.mark.parametrize("page", REFORMS, ids=lambda page: page.stem)
def test_reforms_answers_all_items(page):
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"^\| \*\*(\d[a-g])\*\* [^|]+ \| ([^|]+) \| ([^|]+) \|$", text, re.M)
    assert [number for number, *_ in found] == ITEMS
    assert len(ITEMS) == 32 and len(re.findall(r"^## \d\. ", text, re.M)) == 8
    assert [number for number, answer, where in found if len(answer) < 3 or "](" not in where] == []


def test_there_is_a_reforms_page_for_each_paper():
    assert {page.stem for page in REFORMS} == set(papers())


def table(name: str, query: str) -> pd.DataFrame:
    return pd.read_csv(paths.FIGURES / name).query(query)


def quoted() -> list[tuple[str, str]]:
    """Pages, and what they must say by the tables of today."""
    ccc = table("rmmt/public/table4.csv",
                "metric == 'CCC'").dropna(subset="reproduced").set_index(["row", "split"
                                                                          ])["reproduced"].round(2)
    block, dealt = "contiguous_trials", "by_trial"
    few = table("seed/readings.csv", "metric == 'SEED-IV accuracy'")["mean"]
    null = table("amigos/nulltwin.csv",
                 "row == 'nearest neighbour, both' and split == 'random_segments'")
    near = 100 * null[null["metric"].str.endswith("accuracy")]["mean"]
    majority = table("seed/table2.csv", "row == 'majority'")["reproduced"]
    smallest = table("face_eeg/grim.csv",
                     "row == 'all three' and rounding == 'nearest'")["smallest"].item()
    permuted = table(
        "face_eeg/splits.csv",
        "row == 'nearest neighbour' and split.str.endswith('permuted')")["mean"].item()
    follows, holds = (pd.read_csv(paths.FIGURES / name)["holds"]
                      for name in ("amigos/significance.csv", "seed/claims.csv"))
    muse = table("across/public/muse.csv", "model == 'random forest'").set_index(
        ["labels", "split"])["mean"] * 100
    own, dealt_anew = muse["own labels"], muse["permuted labels"]
    both = table("across/public/valence.csv",
                 "input == 'EEG and face'").set_index(["model", "labels",
                                                       "split"]).sort_index()["mean"]
    near_ccc, permuted_ccc = both["nearest neighbour", "own labels"], both["nearest neighbour",
                                                                           "permuted labels"]
    maps = table("face_eeg/public/real_eeg.csv",
                 "metric == 'accuracy' and experiment == 'own labels'")
    shuffled, new = "random_segments", "by_subject"
    tuned = table("rmmt/public/tuned.csv", "metric == 'CCC'").set_index("row")["reproduced"]

    def says(row: str, split: str) -> str:
        own = maps[(maps["row"] == row) & (maps["split"] == split)]
        return f"{own.groupby('fold')['value'].mean().mean():.2f}"

    words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    return [
        ("known-issues.md",
         f"{ccc['RMMT', block]:.2f} with, {ccc['RMMT (no baseline)', block]:.2f} without"),
        ("known-issues.md", f"{ccc['RMMT', dealt]:.2f} instead of {ccc['RMMT', block]:.2f}"),
        ("known-issues.md", f"{ccc['TCN-F', dealt]:.2f} instead of {ccc['TCN-F', block]:.2f}"),
        ("known-issues.md", f"{few.min():.2f} to {few.max():.2f} on SEED-IV"),
        ("reforms/rmmt.md", f"worth (CCC {ccc['stimulus mean', block]:.2f})"),
        ("reforms/amigos.md", f"right in {near.min():.0f} to {near.max():.0f} %"),
        ("reforms/amigos.md",
         f"{(follows == 'yes').sum()} follow, {words[(follows == 'undecided').sum()]} cannot be"),
        ("reforms/seed.md", f"the majority ({majority.min():.2f} to {majority.max():.2f} here)"),
        ("reforms/seed.md", f"{words[len(holds)].title()} claims were put to every printed cell: "
         f"{words[holds.sum()]} hold"),
        ("reforms/face_eeg.md", f"No set below {smallest:,} segments"),
        ("reforms/face_eeg.md", f"still has {100 * permuted:.0f} %"),
        ("results.md", f"in {own['random_segments']:.0f} % of segments that are split at random"),
        ("results.md",
         f"in {own['by_trial']:.0f} % with recordings apart, in {own['by_subject']:.0f} % for "
         "new people"),
        ("results.md", f"report {dealt_anew['random_segments']:.0f} %, recordings apart "
         f"{dealt_anew['by_trial']:.0f} %"),
        ("results.md",
         f"{near_ccc['random_segments']:.2f} with random segments, {near_ccc['by_subject']:.2f} "
         "for new people"),
        ("results.md", f"random segments still give {permuted_ccc['random_segments']:.2f}"),
        ("results.md",
         f"gives {both['stimulus mean', 'own labels', 'by_subject']:.2f} for new people"),
        ("results.md", f"still has {both['ridge', 'own labels', 'by_clip']:.2f}"),
        ("results.md", f"is right in {says('Scalp maps', shuffled)} of randomly split segments"),
        ("results.md", f"in the size of the demo it has {says('Scalp maps, small', shuffled)}"),
        ("results.md", "EEG-ITNet and SST-EmotionNet have "
         f"{says('EEG-ITNet', shuffled)} and {says('SST-EmotionNet', shuffled)}"),
        ("results.md", f"the three have {says('Scalp maps', new)}, {says('EEG-ITNet', new)} "
         f"and {says('SST-EmotionNet', new)}, a linear model {says('linear', new)}"),
        ("results.md", f"points upwards, {tuned['RMMT (tuned, refit)']:.3f}"),
        ("results.md", f"has **{tuned['RMMT (tuned, refit) (ensemble)']:.3f}**"),
        ("results.md", f"has {tuned['RSMT-F (tuned, refit)']:.3f} and "
         f"{tuned['RSMT-F (tuned, refit) (ensemble)']:.3f}: with so much"),
    ]


def test_numbers_in_the_documents_are_those_of_the_tables():
    assert [(page, words) for page, words in quoted()
            if words not in (ROOT / "docs" / page).read_text(encoding="utf-8")] == []


def test_the_diagram_of_the_rooms_is_drawn_from_the_imports():
    rooms = {
        folder.name for folder in (ROOT / "lib").iterdir() if (folder / "__init__.py").exists()
    }
    arrows = set()
    for file in (ROOT / "lib").rglob("*.py"):
        user = file.relative_to(ROOT / "lib").parts[0]
        for used in re.findall(r"^\s*(?:from|import) lib\.(\w+)", file.read_text(), re.M):
            if user in rooms and used in rooms - {user}:
                arrows.add(f"{used} --> {user}")
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = re.search(r"```mermaid\ngraph TD\n(.*?)```", page, re.S)[1]
    assert set(map(str.strip, drawn.splitlines())) == arrows
    assert rooms == set(re.findall(r"^\| \[(\w+)\]\(\.\./lib/\w+\) \|", page, re.M))
