"""Exercises: solutions pass their checks, stubs and common mistakes are told apart, and no
learner's work is lost."""

from __future__ import annotations

import re

import nbformat
import pytest

from lib.companion import checking, exercises, publish, teaching
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
    ("20", "rating[train][first].mean()", "rating.mean()", "test trials leak in"),
    ("20", "rating[train][first]", "rating[train]", "counted four times"),
    ("20", "rating >", "rating >=", "not above it"),
    ("21", "1 - (1 - ratio) ** (1 / span)", "ratio / span", "spans overlap"),
    ("21", "np.convolve(starts, np.ones(span))[:length] > 0.5", "rng.random(length) < ratio",
     "one by one"),
    ("22", "permutation(len(names)) % n_folds)[place]", "integers(n_folds, size=len(trial)))",
     "random_segments"), ("23", "(ecg | eeg)", "(ecg & eeg)", "*both* are right"),
    ("23", "(p_ecg + p_eeg) / 2", "(p_ecg > 0.5) * 0.5 + (p_eeg > 0.5) * 0.5", "not decisions"),
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
    assert teaching.mistakes_table() in text and teaching.lessons_table() in text


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


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("body", "code", "words"),
    [(None, 1, ["mean_of() is not written yet", "open hint 1"]),
     ("    return max(x)\n", 1, ["yours is the largest (hint 2)", "open hint 2"]),
     ("    return sum(x) / len(x\n", 1,
      ["code cell 1, line 3, is no Python", "there is no function mean_of()"]),
     ("    return x.mean()\n", 1,
      ["mean_of() stopped the check with AttributeError", "open hint 1"]),
     (SOLVED, 0, ["10_toy.ipynb, the mean: accepted: the mean of 1, 2, 6 is 3"]),])
def test_check_says_what_came_out(toy, capsys, body, code, words):
    if body:
        toy(body)
    before = toy.file.read_bytes()
    assert checking.check("10") == code
    said = capsys.readouterr()
    assert [part for part in words if part not in said.out] == [] and said.err == "", said.out
    assert toy.file.read_bytes() == before


@pytest.mark.kernel
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
