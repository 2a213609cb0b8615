"""Whether every committed figure and table is the one that its notebook made, by the code that
stands here; nothing is run."""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from lib import paths, profiles
from lib.companion.provenance import read_notebook, sha256
from lib.files import read_json


def _files(folder: Path, rows: list[dict]) -> Iterator[str]:
    """What is wrong with the files of a manifest's rows."""
    for row in rows:
        name, where, file = row["notebook"], f"{folder.name}/{row['file']}", folder / row["file"]
        if not file.is_file():
            yield f"{where}: in the manifest, but there is no such file; run {name} again"
        elif sha256(file) != row["sha256"]:
            yield f"{where}: is not the file that {name} wrote; run it again"


def _changes(name: str, rows: list[dict], where: str) -> Iterator[str]:
    """How a notebook differs from the one that made its rows, the first of them ``where``."""
    notebook, made = read_notebook(name), rows[0]
    known = made["profile"] in profiles.names()
    code = notebook.code(made["profile"]) if known else "of a profile that is gone"
    for what, old, new in (("its code, or code that it imports,", made["code"], code),
                           ("requirements.lock", made["lock"], sha256(paths.LOCK))):
        if old != new:
            yield f"{name}: {what} changed after {where} was made; run it again"
    for missing in notebook.missing(rows):
        yield f"{name}: declares {missing}, which the manifest does not hold"


def verify(root: Path = paths.FIGURES) -> tuple[list[str], list[str]]:
    """Check every manifest under a folder without running anything.

    Returns
    -------
    problems, older : list of str
        One line per broken link; one line per notebook whose results on the user's data are older
        than the code or the lock.
    """
    problems, older, made = [], [], defaultdict(list)
    manifests = sorted(root.rglob("manifest.json"))
    if not manifests:
        return [f"{root.name}/: no manifest.json; run `make reproduce`"], []
    for manifest in manifests:
        for row in read_json(manifest):
            made[manifest.parent, row["notebook"]].append(row)
    for (folder, name), rows in made.items():
        problems += _files(folder, rows)
        where = f"{folder.name}/{rows[0]['file']}"
        if (paths.notebooks() / f"{name}.py").is_file():
            changes = _changes(name, rows, where)
            (problems if rows[0]["profile"] == "demo" else older).extend(changes)
        else:
            problems.append(f"{where}: made by {name}, which is no longer there")
    known = {folder / row["file"] for (folder, _), rows in made.items() for row in rows}
    there = {file for file in root.rglob("*") if file.is_file() and file.name != "README.md"}
    for file in sorted(there - known - {*manifests}):
        problems.append(f"{file.relative_to(root.parent).as_posix()}: in no manifest; delete it, "
                        "or run the notebook that makes it")
    return problems, older


def main(argv: list[str] | None = None) -> int:
    """``python -m lib.companion.verify [FOLDER]``: 0 where the chain holds, 1 with one
    line per problem."""
    parser = argparse.ArgumentParser(prog="python -m lib.companion.verify",
                                     description=main.__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=paths.FIGURES)
    try:
        problems, older = verify(parser.parse_args(argv).folder)
    except profiles.Refused as error:
        problems, older = [str(error)], []
    print("\n".join([*problems, *(f"older than the code: {line}" for line in older)])
          or "every figure and table is the one its notebook made, by the code that stands here")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
