"""Exercises: solutions pass their checks, stubs and common mistakes are told apart, and no
learner's work is lost."""

from __future__ import annotations

import base64
import io
import json
import re

import nbformat
import numpy as np
import pandas as pd
import pytest
import torch

from lib import paths
from lib.companion import checking, exercises, handin, publish, teaching
from tests.notebooks import health

ALL = [(lesson, exercise) for lesson in exercises.lessons()
       for exercise in exercises.exercises(lesson)]
OF = {lesson.split("_")[0]: exercise for lesson, exercise in ALL}
each = pytest.mark.parametrize(("lesson", "exercise"), ALL, ids=[lesson for lesson, _ in ALL])

# a common mistake of each exercise: what of the solution is replaced, and what the check must say
# about it
MISTAKES = [
    ("10", ".reshape(n_steps, step).mean(axis=1)", "[::step]", "one sample of each quarter"),
    ("10", "np.nanmean", "np.mean", "NaN out of the mean"),
    ("10", "np.nanmean(joysticks, axis=0)", "np.nan_to_num(joysticks).mean(axis=0)",
     "NaN is not 0"), ("11", "frequency < high", "frequency <= high", "belongs to the upper band"),
    ("11", "power.sum(axis=0)", "power.sum()", "do not add up to one"),
    ("12", " + (y.mean() - yhat.mean()) ** 2", "", "ignores the difference of the means"),
    ("12", "y.var() + yhat.var()", "2 * y.std() * yhat.std()", "Pearson"),
    ("12", "2 * covariance", "2 * np.cov(y, yhat)[0, 1]", "n and n - 1"),
    ("12", "2 * covariance", "covariance", "factor of 2"),
    ("13", "np.hstack([face, scores @ eeg])", "scores @ eeg", "the face itself is missing"),
    ("13", "np.maximum(face @ eeg.T / np.sqrt(face.shape[1]), 0)", "np.exp(face @ eeg.T)",
     "softmax"), ("13", " / np.sqrt(face.shape[1])", "", "square root"),
    ("14", " + n_test / n_train", "", "add n_test / n_train"),
    ("14", "stats.t.ppf(0.975, len(d) - 1)", "1.96", "1.96 is for endless folds"),
    ("14", "ddof=1", "ddof=0", "divides by 9"),
    ("14", "d.var(ddof=1)", "(a.var(ddof=1) + b.var(ddof=1))", "subtract fold by fold"),
    ("15", ".mean()", ".sum()", "take the mean"), ("15", ".abs()", ".square()", "absolute value"),
    ("15", "ccc_loss(prediction, label) +", "(1 - alpha) * ccc_loss(prediction, label) +",
     "yours mixes the two"), ("16", "np.unique(subject)", "subject", "leaves one *trial* out"),
    ("17", "scores.max(axis=1).mean()", "scores.max()", "best of all repetitions"),
    ("17", "axis=1", "axis=0", "best repetition of each recipe"),
    ("20", "rating[train][first].mean()", "rating.mean()", "test trials leak in"),
    ("20", "rating[train][first]", "rating[train]", "counted four times"),
    ("20", "rating >", "rating >=", "not above it"),
    ("21", "1 - (1 - ratio) ** (1 / span)", "ratio / span", "spans overlap"),
    ("21", "np.convolve(starts, np.ones(span))[:length] > 0.5", "rng.random(length) < ratio",
     "one by one"),
    ("22", "permutation(len(names)) % n_folds)[place]", "integers(n_folds, size=len(trial)))",
     "random_segments"), ("23", "(ecg | eeg)", "(ecg & eeg)", "*both* are right"),
    ("23", "(p_ecg + p_eeg) / 2", "(p_ecg > 0.5) * 0.5 + (p_eeg > 0.5) * 0.5", "not decisions"),
    ("24", "for one in np.unique(person):\n        dealt[person == one] = "
     "rng.permutation(dealt[person == one])", "dealt = rng.permutation(dealt)", "between them"),
    ("30", "np.log(", "np.log2(", "in bits"),
    ("30", "x.var(axis=-1)", "x.std(axis=-1)", "standard deviation"),
    ("30", "x.var(axis=-1)", "(x ** 2).mean(axis=-1)", "constant offset"),
    ("31", "error[hidden]", "error", "over all channels"),
    ("31", "error[hidden]", "error[~hidden]", "visible channels, and copying"),
    ("31", "error[hidden].mean()", "np.mean([row[own].mean() for row, own in zip(error, hidden)])",
     "windows' means"), ("32", "axis=1), axis=1)", "axis=1), axis=0)", "add up to 1"),
    ("32", "alpha[:, :1] * x1 + alpha[:, 1:] * x2", "np.hstack([x1, x2])", "concatenation"),
    ("33", "np.concatenate([np.flatnonzero(emotion == k)[:n] for k in np.unique(emotion)])",
     "np.arange(n)", "*each* emotion"), ("33", "[:n]", "[-n:]", "*first* windows"),
    ("34", "x.copy()", "x", "changed the array"),
    ("34", "np.flatnonzero(~missing)", "np.arange(len(x))", "nearest to itself"),
    ("34", "[np.argsort(distance)[:k]]", "", "mean of all channels"),
    ("35", "moved[::-1]", "moved", "count from behind"),
    ("35", "1 + (np", "(np", "more than 0.895"),
    ("36", "recording == one", "recording >= 0", "hold rows of two recordings"),
    ("36", "max(len(rows) - length + 1, 0)", "len(rows)", "hold rows of two recordings"),
    ("36", "max(len(rows) - length + 1, 0)", "max(len(rows) - length, 0)", "the first five"),
    ("40", "p.sum(axis=1, keepdims=True)", "p.sum(axis=0, keepdims=True)", "not over faces"),
    ("40", "logits - logits.max(axis=1, keepdims=True)", "logits", "largest output away"),
    ("40", "guess[y == k] == k", "y[guess == k] == k", "precision"),
    ("41", "x[train].m", "x.m", "loud test segment"),
    ("41", "axis=(0, 2), keepdims=True", "keepdims=True", "limits of its own"),
    ("41", "np.clip((x - low) / (high - low), 0, 1)", "(x - low) / (high - low)", "clip them"),
    ("42", "permutation(emotion[first])[place]", "permutation(emotion)", "shuffled segments"),
    ("42", "permutation(emotion[first])[place]", "choice(emotion[first], len(first))[place]",
     "permute, do not draw"),
    ("43", "beta * face_val + (1 - beta) * eeg_val", "beta * eeg_val + (1 - beta) * face_val",
     "is beta on the EEG"), ("43", "np.where(np.isnan(fused), eeg, fused)", "fused", "became NaN"),
    ("43", "np.argmax(right)", "len(right) - 1 - np.argmax(right[::-1])", "take the smallest"),
    ("44", "(rng.permutation(len(people)) % n_folds)[who]",
     "rng.integers(n_folds, size=len(names))", "in two folds"),
    ("44", "rng.permutation(len(people))", "np.arange(len(people))", "use rng"),
    ("45", "zip(values, names,", "zip(values[::-1], names,", "go by name"),
    ("45", "if name in place:", "if place.setdefault(name, (0, 0)):", "leave it out"),
    ("90", "set(of[train]) & set(of[test])", "set(train) & set(test)", "compared the segments"),
    ("90", "if not set", "if set", "what is on both sides"),
    ("91", "round(percent * n / 100)", "int(percent * n / 100)", "do not cut off"),
    ("91", "0.005 + 1e-9", "0.01", "half a hundredth"), ("91", "0.005 + 1e-9", "0.0049", "a tie"),
]


def run(solution: str, exercise: exercises.Exercise) -> None:
    """A solution and its check, in a namespace of their own: an exercise file stands alone."""
    names: dict = {}
    exec(solution, names)
    exec(exercise.check, names)


@each
def test_solution_is_accepted(lesson, exercise, capsys):
    run(exercise.solution, exercise)
    said = capsys.readouterr().out
    assert said.startswith("accepted: ") and said.count("\n") == 1


@each
def test_stub_differs_only_between_the_marks(lesson, exercise):
    around = [
        re.split(f"{exercises.BEGIN}\n|{exercises.END}", text)
        for text in (exercise.solution, exercises.stub(exercise.solution))
    ]
    assert [len(parts) for parts in around] == [3, 3]
    assert (around[0][0], around[0][2]) == (around[1][0],
                                            around[1][2]) and around[0][1] != around[1][1]
    assert 1 <= around[0][1].strip().count("\n") + 1 <= 12


@each
def test_stub_says_what_to_do(lesson, exercise):
    with pytest.raises(NotImplementedError,
                       match=rf"{exercise.function}\(\) is not written yet.*hint 1"):
        run(exercises.stub(exercise.solution), exercise)


@each
def test_messages_point_to_hints_that_exist(lesson, exercise):
    hints = re.findall(r"<details><summary>Hint (\d)</summary>\n\n.+?\n\n</details>", exercise.text,
                       re.S)
    assert hints == [str(k + 1) for k in range(len(hints))] and len(hints) in (2, 3)
    named = [exercises.HINT.findall(message) for message in exercise.messages]
    assert all(len(found) == 1 and found[0] in hints for found in named) and len(named) >= 4


@pytest.mark.parametrize(("number", "old", "new", "words"), MISTAKES,
                         ids=[f"{m[0]}-{m[3]}" for m in MISTAKES])
def test_common_mistake_is_named(number, old, new, words):
    exercise = OF[number]
    assert old in exercise.solution
    with pytest.raises(AssertionError) as error:
        run(exercise.solution.replace(old, new), exercise)
    assert words in str(error.value)


def test_every_exercise_has_a_mistake_that_is_tried():
    assert {mistake[0] for mistake in MISTAKES} == set(OF)


@pytest.mark.parametrize("lesson", exercises.lessons())
def test_committed_exercise_is_the_generated_one(lesson):
    file = exercises.place(lesson)
    if file.exists() and exercises.edited(file):
        pytest.skip("a learner has worked in it")
    nb = nbformat.read(file, as_version=4)
    nbformat.validate(nb)
    assert nb == exercises.sheet(lesson), "say make exercises"


def test_the_teachers_page_has_the_tables_of_the_lessons():
    text = teaching.PAGE.read_text(encoding="utf-8")
    assert teaching.page(text) == text, "say make exercises"
    assert teaching.mistakes_list() in text and teaching.lessons_list() in text


SOLVED = "    return sum(x) / len(x)\n"


@pytest.fixture
def toy(project, toy_text):
    """A project with one lesson that has an exercise, written for the learner; and a function that
    fills it in."""
    (project / "notebooks" / "10_toy.py").write_text(toy_text)
    assert exercises.write() == 0
    file = exercises.place("10_toy")

    def fill(body: str) -> None:
        nb = nbformat.read(file, as_version=4)
        nb.cells[2].source = re.sub(r"    raise NotImplementedError.*\n", lambda _: body,
                                    nb.cells[2].source)
        nbformat.write(nb, file)

    fill.file = file
    return fill


def test_exercise_in_the_wrong_order_is_refused(project, toy_text):
    lesson = project / "notebooks" / "10_toy.py"
    lesson.write_text(toy_text.replace('tags=["exercise"]', ""))
    with pytest.raises(ValueError, match="10_toy: an exercise is three cells in a row"):
        exercises.exercises("10_toy")
    lesson.write_text(toy_text.replace("    # end\n", ""))
    with pytest.raises(ValueError, match="mean_of: a solution stands once between"):
        exercises.sheet("10_toy")


def test_work_is_never_overwritten(toy, capsys):
    given = toy.file.read_bytes()
    assert exercises.write() == 0 and toy.file.read_bytes() == given  # nothing to do
    toy(SOLVED)
    done, mine = toy.file.read_bytes(), toy.file.with_suffix(".mine.ipynb")
    capsys.readouterr()
    assert exercises.write() == 0
    assert mine.read_bytes() == done and toy.file.read_bytes() == given
    assert "your work is now 10_toy.mine.ipynb" in capsys.readouterr().out
    toy("    return 0\n")
    other = toy.file.read_bytes()
    assert exercises.write() == 1
    assert (mine.read_bytes(), toy.file.read_bytes()) == (done, other)
    assert "nothing was written" in capsys.readouterr().out
    toy.file.write_text("{ damaged")
    assert exercises.write() == 1 and toy.file.read_text() == "{ damaged"


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [(None, 1, ["mean_of() is not written yet", "open hint 1", "0 of 4 points"]),
     ("    return max(x)\n", 1, ["yours is the largest (hint 2)", "open hint 2"]),
     ("    return sum(x) / len(x\n", 1,
      ["code cell 1, line 3, is no Python", "there is no function mean_of()", "0 of 4 points"]),
     ("    return x.mean()\n", 1,
      ["mean_of() stopped the check with AttributeError", "open hint 1"]),
     ("    x.reverse()\n    return 3\n", 1, ["mean_of() changes what it is given"]),
     ("    return lambda: 3\n", 1, ["function is neither a number, a text, an array"]),
     (SOLVED, 0, ["10_toy.ipynb, the mean: accepted: the mean of 1, 2, 6 is 3", "4 of 4 points"]),])
def test_check_says_what_came_out(toy, capsys, body, code, words):
    if body:
        toy(body)
    before = toy.file.read_bytes()
    assert checking.check("10") == code
    said = capsys.readouterr()
    assert [part for part in words if part not in said.out] == [] and said.err == "", said.out
    assert toy.file.read_bytes() == before


def test_check_stops_a_loop_and_uses_the_checks_of_the_lesson(toy, capsys):
    toy("    while True:\n        pass\n")
    assert checking.check("10", seconds=2) == 1
    assert "stopped after 2 s: is there a loop that never ends?" in capsys.readouterr().out
    nb = nbformat.read(toy.file, as_version=4)
    nb.cells[2].source = nb.cells[2].source.replace("    while True:\n        pass\n",
                                                    "    return 0\n")
    nb.cells[3].source = "print('accepted: really')"
    nbformat.write(nb, toy.file.with_suffix(".mine.ipynb"))
    # the learner's own file comes first, a changed check accepts nothing
    assert checking.check("10") == 1
    assert "10_toy.mine.ipynb, the mean: not yet" in capsys.readouterr().out


# what a hostile hand-in does; {folder} is that of the hand-ins
HOSTILE = {
    "loop": "while True: pass", "exit": "import os\ndef mean_of(x): os._exit(0)",
    "large": "def mean_of(x): return 'x' * 2**26", "forge": """
import os, sys
sys.modules["lib.companion.checking"] = None
class Mean(float):
    __eq__ = __ne__ = lambda self, other: True
def mean_of(x):
    print("accepted: the mean of 1, 2, 6 is 3")
    for number in range(3, 20):
        try: os.write(number, b'{"result": 3, "points": 4}\\n')
        except OSError: pass
    return Mean(6)""", "claim": "def mean_of(x): raise NotImplementedError('accepted: 4 of 4')",
    "delete": """
import pathlib, shutil
shutil.rmtree({folder!r}, ignore_errors=True)
try: (pathlib.Path({folder!r}) / "right 10_toy.ipynb").write_text("")
except OSError: pass
def mean_of(x): return 6""",
}


def test_grading_gives_each_handin_a_line_and_hostile_ones_no_points(toy, tmp_path, capsys):
    def hand_in(name: str, source: str) -> None:
        nb = exercises.sheet("10_toy")
        nb.cells[2].source, nb.cells[3].source = source, "print('accepted: really')"
        nbformat.write(nb, folder / f"{name} 10_toy.ipynb")

    folder = tmp_path / "handed in"
    folder.mkdir()
    hand_in("right", exercises.exercises("10_toy")[0].solution)
    hand_in("=wrong", "def mean_of(x): return max(x)")
    walled = handin.walls()[0].startswith("bubblewrap")
    for name, source in HOSTILE.items():
        if walled or name != "delete":
            hand_in(name, source.format(folder=str(folder)) if name == "delete" else source)
    (folder / "damaged 10_toy.ipynb").write_text("{ damaged")
    (folder / "endless 10_toy.ipynb").symlink_to("/dev/zero")
    (folder / "essay.docx").write_bytes(b"")
    before = {
        file.name: file.read_bytes() for file in folder.glob("*y.ipynb") if not file.is_symlink()
    }
    assert exercises.main(["grade", str(folder), "--seconds", "8"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(handin.walls()[0]) and "accepted" not in printed
    grades = paths.build() / "grades"
    table = pd.read_csv(grades / "handed in-1.csv").set_index("student")
    assert len(table) == len(before) + 2
    assert (table.points["right"], table.of["right"]) == (4, 4)
    assert table.points["'=wrong"] == 0 and "yours is the largest" in table.message["'=wrong"]
    hostile = table.loc[table.index.intersection([*HOSTILE])]
    assert (hostile.points < 4).all() and hostile.message.str.startswith("not yet").all()
    for name, words in {
            "loop": "stopped after 8 s", "exit": "ended its process", "large": "too large",
            "damaged": "cannot be read as a notebook", "endless": "found a larger one, a link",
            "essay.docx": "expected a notebook with the name of its lesson"
    }.items():
        assert words in table.message[name] and table.points[name] == 0, name
    assert before == {name: (folder / name).read_bytes() for name in before}
    first = (grades / "handed in-1.csv").read_bytes()
    for file in before:
        (folder / file).unlink()
    assert exercises.main(["grade", str(folder)]) == 0  # beside the first list, not over it
    assert (grades / "handed in-1.csv").read_bytes() == first
    assert (grades / "handed in-2.csv").is_file()


def test_grading_without_walls_says_so(toy, tmp_path, monkeypatch, capsys):
    for module in (handin, checking):
        monkeypatch.setattr(module, "walls", lambda: (handin.NO_WALLS, ()))
    toy(SOLVED)
    folder = tmp_path / "handed in"
    folder.mkdir()
    toy.file.rename(folder / toy.file.name)
    assert exercises.main(["grade", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "no walls" in said and "holds nothing you would miss" in said and "4 of 4" in said
    assert exercises.main(["grade", str(tmp_path / "nobody")]) == 2


@pytest.mark.parametrize("value", [
    np.arange(6.0).reshape(2, 3),
    np.float64(np.nan),
    np.array(["a", "b"]), (1, [2.5, None], {3}), {(0, 1): np.array([True])},
    torch.ones(2, 2)
])
def test_values_come_back_as_they_were(value):
    back = handin.unpack(json.loads(json.dumps(handin.pack(value))))
    assert type(back) is type(value) and str(back) == str(value)


def test_no_code_comes_back():
    file = io.BytesIO()
    np.save(file, np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        handin.unpack(["array", base64.b64encode(file.getvalue()).decode()])


@pytest.mark.kernel
def test_a_wrong_answer_reads_as_one_sentence(toy):
    from nbclient import NotebookClient

    toy("    return max(x)\n")
    nb = nbformat.read(toy.file, as_version=4)
    nb.cells.append(nbformat.v4.new_code_cell("assert not 1, 'my own'"))
    NotebookClient(nb, kernel_name="python3", allow_errors=True).execute()
    told, own = (cell.outputs[0].traceback for cell in nb.cells[-2:])
    assert told == ["not yet: yours is the largest (hint 2)"]
    assert "Traceback" in own[0] or len(own) > 1  # other errors keep theirs
    assert "4 points" in nb.cells[1].source


@pytest.mark.parametrize("number", ["", "99", "toy"])
def test_unknown_exercise_lists_those_that_exist(toy, capsys, number):
    assert exercises.main(["check", number]) == 2
    assert capsys.readouterr().out.endswith("There are 10.\n")


def test_damaged_or_missing_file_says_so(toy, capsys):
    toy.file.write_text("{ damaged")
    assert checking.check("10") == 2 and "cannot be read as a notebook" in capsys.readouterr().out
    toy.file.unlink()
    assert checking.check("10") == 2 and "make exercises" in capsys.readouterr().out


@pytest.mark.kernel
def test_published_lesson_folds_the_solution_and_keeps_no_widget(ran):
    source = ran / "notebooks" / "10_toy.py"
    nb = publish.paired(source, ran / "build" / "10_toy.ipynb")
    folded = [
        cell.source for cell in nb.cells if cell.metadata.get("jupyter") == {"source_hidden": True}
    ]
    assert len(folded) == 1 and folded[0].startswith("def mean_of")
    moved = next(cell for cell in nb.cells if "controls" in cell.source)
    assert moved.outputs == [] and health.tags(moved) == ["nbval-ignore-output"]
    assert "widgets" not in nb.metadata
