"""Run one notebook with papermill, strictly: known parameters only, declared outputs present, one
clear message on failure.

``python -m lib.companion.runner 12_rmmt_training --profile demo`` executes a fresh copy into
``build/``, and does nothing where nothing that the results depend on has changed; ``--why`` says
which. ``--publish`` writes the paired ``.ipynb``. Papermill and jupytext are imported only where a
notebook is really run: saying "up to date" takes no time.
"""

import argparse
import ast
import contextlib
import os
import re
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from filelock import Timeout

from lib import paths
from lib.companion.progress import begin, finished
from lib.companion.provenance import Notebook, headings, peak_mib, read_notebook, results
from lib.companion.state import folder, made, state, why
from lib.files import edits, lock, merge_json, own_cells
from lib.profiles import Refused, base, changed, load
from lib.profiles import names as profile_names

ENVIRONMENT = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
ENVIRONMENT |= {"TQDM_DISABLE": "1", "PYTHONHASHSEED": "0", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
KERNEL_DIED = 138  # what papermill's own command line returns


def parameters(name: str, profile: str, **override: str | None) -> dict:
    """Parameters of a notebook: the profile's common ones, its section of the profile, then those
    of the command line.
    """
    given = load(profile)
    asked = {key: value for key, value in override.items() if value}
    return {**given.parameters, **given.notebooks.get(name, {}), **asked}


def check_parameters(given: Mapping, declared: Mapping, name: str) -> None:
    """Refuse what papermill would only log: an unknown name, or a value of another type than the
    default's.

    Parameters
    ----------
    given : mapping
        Value by parameter name.
    declared : mapping
        What :func:`papermill.inspect_notebook` says of the notebook.
    """
    for key, value in given.items():
        if key not in declared:
            raise Refused(f"{name} has no parameter {key!r}; it has {', '.join(declared)}")
        default = ast.literal_eval(declared[key]["default"])
        if type(value) is not type(default) and not (type(default) is float and type(value) is int):
            kinds = f"{type(value).__name__}, expected {type(default).__name__} like {default!r}"
            raise Refused(f"{name}: parameter {key} = {value!r} is {kinds}")


@contextlib.contextmanager
def _stderr_to(log: Path) -> Iterator[None]:
    """Send what this process and its kernel write to standard error into a file: start-up chatter
    would bury our one message."""
    sys.stderr.flush()
    kept = os.dup(2)
    with log.open("w") as handle:
        os.dup2(handle.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


def failure(nb, name: str) -> str:
    """Say where an executed notebook failed: section, cell, the end of the traceback in plain
    text."""
    heading, number = "its first section", 0
    for cell in own_cells(nb.cells):
        if cell.metadata.get("papermill", {"duration": 0})["duration"] is None:
            break  # never begun: the kernel died in the cell before
        if cell.cell_type == "markdown":
            heading = [heading, *headings(cell.source)][-1]
        number += cell.cell_type == "code"
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output.traceback)).splitlines()[-15:]
                return "\n  ".join([f'{name} failed in "{heading}", code cell {number}:', *text])
    return f'{name} failed after "{heading}", code cell {number}'


def _declared(notebook: Notebook, fresh: Path) -> dict:
    """Write a notebook as an ``.ipynb``; what papermill says of its parameters."""
    import jupytext
    import nbformat
    import papermill

    fresh.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(jupytext.read(notebook.file), fresh)
    return papermill.inspect_notebook(fresh)


def _execute(notebook: Notebook, given: Mapping) -> int:
    """Execute into ``<name>.ipynb`` (kept as it was on failure); returns the exit code."""
    import nbformat
    import papermill
    from nbclient.exceptions import DeadKernelError

    home, name = folder(given["profile"]), notebook.name
    fresh, unfinished = home / f".{name}.input.ipynb", home / f".{name}.partial.ipynb"
    failed, log = home / f"{name}.failed.ipynb", home / f"{name}.log"
    failed.unlink(missing_ok=True)
    try:
        check_parameters(given, _declared(notebook, fresh), name)
        with _stderr_to(log):
            papermill.execute_notebook(fresh, unfinished, dict(given), kernel_name="python3",
                                       cwd=paths.ROOT, progress_bar=False, start_timeout=120)
        os.replace(unfinished, home / f"{name}.ipynb")
        return 0
    except (papermill.PapermillExecutionError, DeadKernelError) as error:
        os.replace(unfinished, failed)
        said = [failure(nbformat.read(failed, as_version=4), name)]
        if died := isinstance(error, DeadKernelError):
            said.append("  The kernel died, most likely out of memory: close other programs, or "
                        "use PROFILE=demo.")
        said.append(f"  Executed copy: {os.path.relpath(failed)}   Log: {os.path.relpath(log)}")
        print("\n".join(said), file=sys.stderr)
        return KERNEL_DIED if died else 1
    finally:
        fresh.unlink(missing_ok=True)
        unfinished.unlink(missing_ok=True)


def reproduce(name: str, given: Mapping) -> int:
    """Bring one notebook up to date. Returns 0, 1 (a cell failed, or a declared output is missing)
    or 138 (the kernel died)."""
    home = folder(given["profile"])
    # of two that were asked for the same, the second finds it done
    own = lock(home / f"{name}.ipynb")
    try:
        held = own.acquire(timeout=0)
    except Timeout:
        print(f"{name}: another run is making it; waiting for it", flush=True)
        held = own.acquire()
    with held:
        return _reproduce(read_notebook(name), given, home)


def _reproduce(notebook: Notebook, given: Mapping, home: Path) -> int:
    name, began = notebook.name, time.monotonic()
    if not why(notebook, given):
        print(f"{finished(given['profile'], name)[0]}{name}: up to date")
        return 0
    (home / f"{name}.stamp.json").unlink(missing_ok=True)
    # before the run: what changes meanwhile must count as a change
    depends = state(notebook, given)
    if code := _execute(notebook, given):
        return code
    written = made(notebook, given)
    if missing := notebook.missing(written.values()):
        print(f"{name} ran to its end, but made no {', '.join(missing)}, which its header declares",
              file=sys.stderr)
        return 1
    merge_json(home / f"{name}.stamp.json", lambda _: depends)
    # the kernel says what it held, which is no child of this process where a server forked it
    peaks = [row["peak_mib"] for row in written.values()] or [peak_mib(resource.RUSAGE_CHILDREN)]
    cost = {"seconds": round(time.monotonic() - began, 1), "peak_mib": max(peaks)}
    merge_json(home / "timings.json", lambda old: (old or {}) | {name: cost})
    place, left = finished(given["profile"], name)
    print(f"{place}{name}: {cost['seconds']:.0f} s, {max(peaks)} MiB, {len(notebook.produces)} "
          f"declared outputs made{left}")
    return 0


def _checked(profile: str, data: str | None, names: list[str]) -> str | None:
    """The data folder in full; refuses a profile or folder that is not there, and notebooks whose
    edits a run would not see."""
    load(profile)
    folder = paths.data(data) if data else None
    if folder and not folder.is_dir():
        found = "a file" if folder.exists() else "nothing"
        raise Refused(f"{folder}: expected the folder of your data, found {found}. Name the folder "
                      "with DATA=, or leave DATA out.")
    asked = [paths.notebooks() / f"{name}.py" for name in names] or paths.sources()
    if lost := [text for source in filter(Path.is_file, asked) if (text := edits(source))]:
        raise Refused("\n".join(lost))
    return str(folder) if folder else None


def _full(name: str) -> str:
    """The notebook that begins with a number (``12``), else the name as it is."""
    return next((file.stem for file in paths.sources() if file.stem.split("_")[0] == name), name)


def _changed(notebook: Notebook, args: argparse.Namespace) -> str:
    """The profile that ``--set`` makes; says where its results go."""
    if args.out:
        raise Refused("--set makes experiments, which stay below build/: leave out --out")
    fresh = paths.sets() / f".{notebook.name}.ipynb"
    with contextlib.redirect_stderr(None):
        own = _declared(notebook, fresh)
    fresh.unlink()
    profile = changed(args.profile, notebook.name, notebook.paper, own, args.set)
    check_parameters(parameters(notebook.name, profile), own, notebook.name)
    print(f"{notebook.name} with {', '.join(args.set)}: "
          f"{results('', notebook.paper, profile)[0]}")
    return profile


def _set_environment() -> None:
    """Make runs comparable, whoever starts them, and let kernels find our package."""
    ours = ENVIRONMENT | {"MPLCONFIGDIR": str(paths.build() / "matplotlib")}
    os.environ.update(ours | os.environ)  # what is set already stays
    for key in ("MATPLOTLIBRC", "MPLBACKEND"):  # the user's own settings
        os.environ.pop(key, None)
    # kernels find our package lib first, whatever else is called so
    os.environ["COMPANION"] = str(paths.ROOT)
    search = [str(paths.ROOT), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(filter(None, search)))


def main(argv: list[str] | None = None) -> int:
    """Run notebooks strictly with papermill, where something that their results depend on has
    changed."""
    parser = argparse.ArgumentParser(prog="python -m lib.companion.runner",
                                     description=main.__doc__)
    add, flag = parser.add_argument, partial(parser.add_argument, action="store_true")
    add("names", nargs="*", metavar="NAME", help="notebooks, without suffix; none: only check")
    add("--profile", default="demo", help=", ".join(profile_names()))
    add("--data", help="folder of your data")
    add("--device", help="cpu, cuda")
    add("--out", default="",
        help="folder of the figures, relative to the project (default: build/figures)")
    flag("--why", help="only say whether each notebook is up to date, and why not")
    flag("--publish", help="write notebooks/NAME.ipynb from the executed demo copies")
    flag("--plan", help="only note that these notebooks are about to be run")
    about = ("a parameter of the notebook, or a field of its paper's preset; the results lie in a "
             "folder of their own below build/")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help=about)
    args = parser.parse_args(argv)
    args.names = [_full(name) for name in args.names]
    _set_environment()
    try:
        if args.publish:
            from lib.companion.publish import publish

            return publish(args.names)
        if data := _checked(args.profile, args.data, args.names):
            os.environ["DATA"] = data  # kernels look there for weights too
        if args.plan:
            begin(args.profile, args.names)
            return 0
        for name in args.names:
            notebook = read_notebook(name)
            profile = _changed(notebook, args) if args.set else args.profile
            given = parameters(name, profile, data=data, device=args.device, out=args.out)
            if base(args.profile) not in notebook.profiles:
                place = finished(args.profile, name)[0]
                print(f"{place}{name}: not part of profile {args.profile}, but of "
                      f"{' and '.join(notebook.profiles)}")
            elif args.why:
                for reason in why(notebook, given) or ["up to date"]:
                    print(f"{name}: {reason}")
            elif code := reproduce(name, given):
                return code
        return 0
    except (Refused, OSError) as error:
        print(error, file=sys.stderr)
    except SyntaxError as e:
        print(f"{e.filename}, line {e.lineno}: no Python ({e.msg}): {e.text or ''}".rstrip(),
              file=sys.stderr)
    except KeyboardInterrupt:
        print("Interrupted. What was finished is kept: the same command goes on from there.",
              file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
