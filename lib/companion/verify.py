"""Whether every committed figure and table is the one that its notebook made, by the code that
stands here; nothing is run."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from lib import paths
from lib.companion.provenance import notebooks, read_notebook, sha256


def _stale(row: dict, code: str, lock: str, where: str) -> list[str]:
    """What has changed since a row's file was made: one line each."""
    name, changed = row["notebook"], []
    if code != row["code"]:
        changed.append(
            f"{name}: its code, or code that it imports, changed after {where} was made; run it "
            "again")
    if row["lock"] != lock:
        changed.append(f"{name}: requirements.lock changed after {where} was made; run it again")
    return changed


def _verify_rows(folder: Path, rows: list[dict]) -> tuple[list[str], list[str]]:
    """Broken links, and rows of other profiles than demo that are older than the code."""
    lock, code, problems, older = sha256(paths.LOCK), {}, [], []
    for row in rows:
        file, name = folder / row["file"], row["notebook"]
        where = f"{folder.name}/{row['file']}"
        if not file.is_file():
            problems.append(
                f"{where}: in the manifest, but there is no such file; run {name} again")
        elif sha256(file) != row["sha256"]:
            problems.append(f"{where}: is not the file that {name} wrote; run it again")
        if name not in code:
            code[name] = read_notebook(name).code() if (notebooks() /
                                                        f"{name}.py").is_file() else None
            if code[name] is None:
                problems.append(f"{where}: made by {name}, which is no longer there")
            else:
                (problems if row["profile"] == "demo" else older).extend(
                    _stale(row, str(code[name]), lock, where))
    for name in sorted(n for n, c in code.items() if c):
        ids = {row["id"] for row in rows if row["notebook"] == name}
        problems += [
            f"{name}: declares {i}, which the manifest does not hold"
            for i in read_notebook(name).produces if i not in ids
        ]
    return problems, older


def verify(figures: str | os.PathLike | None = None) -> tuple[list[str], list[str]]:
    """Check every manifest under a folder (default ``figures/``) without running anything.

    Returns
    -------
    problems, older : list of str
        One line per broken link; one line per notebook whose results on the user's data are older
        than the code or the lock.
    """
    root = Path(figures or paths.FIGURES)
    manifests = sorted(root.rglob("manifest.json"))
    if not manifests:
        return [f"{root.name}/: no manifest.json; run `make reproduce`"], []
    known, problems, older = set(manifests), [], []
    for manifest in manifests:
        rows = json.loads(manifest.read_text(encoding="utf-8"))
        found = _verify_rows(manifest.parent, rows)
        problems, older = problems + found[0], older + found[1]
        known |= {manifest.parent / row["file"] for row in rows}
    strays = [
        p.relative_to(root.parent) for p in sorted(root.rglob("*"))
        if p.is_file() and p not in known and p.name != "README.md"
    ]
    return problems + [
        f"{p.as_posix()}: in no manifest; delete it, or run the notebook that makes it"
        for p in strays
    ], older


def main(argv: list[str] | None = None) -> int:
    """``python -m lib.companion.verify [FOLDER]``: 0 where the chain holds, 1 with one
    line per problem."""
    parser = argparse.ArgumentParser(prog="python -m lib.companion.verify",
                                     description=main.__doc__)
    parser.add_argument("folder", nargs="?", default=str(paths.FIGURES))
    problems, older = verify(parser.parse_args(argv).folder)
    print("\n".join([*problems, *(f"older than the code: {line}" for line in older)])
          or "every figure and table is the one its notebook made, by the code that stands here")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
