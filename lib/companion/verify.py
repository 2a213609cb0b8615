"""Whether every committed figure and table is the one that its notebook made, by the code that
stands here; nothing is run."""

import argparse
import json
import os
import sys
from pathlib import Path

from lib import paths, profiles
from lib.companion.provenance import read_notebook, sha256


def _verify_rows(folder: Path, rows: list[dict]) -> tuple[list[str], list[str]]:
    """Broken links, and rows of other profiles than demo that are older than the code."""
    lock, made, problems, older = sha256(paths.LOCK), {}, [], []
    for row in rows:
        name, where = row["notebook"], f"{folder.name}/{row['file']}"
        if not (folder / row["file"]).is_file():
            problems.append(
                f"{where}: in the manifest, but there is no such file; run {name} again")
        elif sha256(folder / row["file"]) != row["sha256"]:
            problems.append(f"{where}: is not the file that {name} wrote; run it again")
        made.setdefault(name, []).append(row)
        if len(made[name]) > 1:
            continue
        if not (paths.notebooks() / f"{name}.py").is_file():
            problems.append(f"{where}: made by {name}, which is no longer there")
            continue
        known = row["profile"] in profiles.names()
        code = read_notebook(name).code(row["profile"]) if known else "of a profile that is gone"
        changed = {
            "its code, or code that it imports,": code != row["code"], "requirements.lock": lock
            != row["lock"]
        }
        (problems if row["profile"] == "demo" else older).extend(
            f"{name}: {what} changed after {where} was made; run it again"
            for what, stale in changed.items() if stale)
    for name in sorted(made):
        if (paths.notebooks() / f"{name}.py").is_file():
            ids = {row["id"] for row in made[name]}
            (problems if made[name][0]["profile"] == "demo" else older).extend(
                f"{name}: declares {i}, which the manifest does not hold"
                for i in read_notebook(name).produces if i not in ids)
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
