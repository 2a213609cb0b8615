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
from pathlib import Path

from filelock import Timeout

from lib import paths
from lib.companion.progress import begin, finished
from lib.companion.provenance import Notebook, headings, peak_mib, read_notebook, results
from lib.companion.state import folder, made, state, why
from lib.files import edits, lock, merge_json
from lib.profiles import Refused, base, changed, load
from lib.profiles import names as profile_names

ENVIRONMENT = {
    "TQDM_DISABLE": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0", "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
}
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
    for cell in nb.cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "markdown" and "papermill-error-cell-tag" not in tags:
            heading = [heading, *headings(cell.source)][-1]
        if cell.cell_type != "code" or "injected-parameters" in tags:
            continue
        number += 1
        for output in cell.outputs:
            if output.output_type == "error":
                text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output.traceback)).splitlines()
                return f'{name} failed in "{heading}", code cell {number}:\n' + "\n".join(
                    f"  {line}" for line in text[-15:])
    return f'{name} failed after "{heading}", code cell {number}'


def _execute(notebook: Notebook, given: Mapping) -> int:
    """Execute into ``<name>.ipynb`` (kept as it was on failure); returns the exit code."""
    import jupytext
    import nbformat
    import papermill
    from nbclient.exceptions import DeadKernelError

    home, name = folder(given["profile"]), notebook.name
    fresh, partial = home / f".{name}.input.ipynb", home / f".{name}.partial.ipynb"
    failed, log = home / f"{name}.failed.ipynb", home / f"{name}.log"
    failed.unlink(missing_ok=True)
    try:
        nbformat.write(jupytext.read(notebook.file), fresh)
        check_parameters(given, papermill.inspect_notebook(fresh), name)
        with _stderr_to(log):
            papermill.execute_notebook(fresh, partial, dict(given), kernel_name="python3",
                                       cwd=paths.ROOT, progress_bar=False, start_timeout=120)
        os.replace(partial, home / f"{name}.ipynb")
        return 0
    except (papermill.PapermillExecutionError, DeadKernelError) as error:
        os.replace(partial, failed)
        print(failure(nbformat.read(failed, as_version=4), name), file=sys.stderr)
        died = isinstance(error, DeadKernelError)
        if died:
            print(
                "  The kernel died, most likely out of memory: close other programs, or use "
                "PROFILE=demo.", file=sys.stderr)
        print(f"  Executed copy: {os.path.relpath(failed)}   Log: {os.path.relpath(log)}",
              file=sys.stderr)
        return KERNEL_DIED if died else 1
    finally:
        fresh.unlink(missing_ok=True)
        partial.unlink(missing_ok=True)


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
    home.mkdir(parents=True, exist_ok=True)
    (home / f"{name}.stamp.json").unlink(missing_ok=True)
    # before the run: what changes meanwhile must count as a change
    depends = state(notebook, given)
    if code := _execute(notebook, given):
        return code
    written = made(notebook, given)
    if missing := [i for i in notebook.produces if i not in {Path(file).stem for file in written}]:
        print(f"{name} ran to its end, but made no {', '.join(missing)}, which its header declares",
              file=sys.stderr)
        return 1
    merge_json(home / f"{name}.stamp.json", lambda _: depends)
    seconds = round(time.monotonic() - began, 1)
    # the kernel says what it held, which is no child of this process where a server forked it
    peak = max((row["peak_mib"] for row in written.values()),
               default=peak_mib(resource.RUSAGE_CHILDREN))
    cost = {"seconds": seconds, "peak_mib": peak}
    merge_json(home / "timings.json", lambda old: (old or {}) | {name: cost})
    place, left = finished(given["profile"], name)
    print(f"{place}{name}: {seconds:.0f} s, {peak} MiB, {len(notebook.produces)} declared outputs "
          f"made{left}")
    return 0


def _checked(profile: str, data: str | None, names: list[str]) -> str | None:
    """The data folder in full; refuses a profile or folder that is not there, and notebooks whose
    edits a run would not see."""
    load(profile)
    folder = paths.data(data) if data else None
    if folder and not folder.is_dir():
        raise Refused(f"{folder}: expected the folder of your data, found "
                      f"{'a file' if folder.exists() else 'nothing'}. "
                      "Name the folder with DATA=, or leave DATA out.")
    asked = [paths.notebooks() / f"{name}.py" for name in names] or paths.sources()
    if lost := [text for source in asked if source.is_file() and (text := edits(source))]:
        raise Refused("\n".join(lost))
    return str(folder) if folder else None


def _full(name: str) -> str:
    """The notebook that begins with a number (``12``), else the name as it is."""
    return next((file.stem for file in paths.sources() if file.stem.split("_")[0] == name), name)


def _changed(notebook: Notebook, args: argparse.Namespace) -> str:
    """The profile that ``--set`` makes; says where its results go."""
    if args.out:
        raise Refused("--set makes experiments, which stay below build/: leave out --out")
    with contextlib.redirect_stderr(None):
        import jupytext
        import papermill

        fresh = paths.sets() / f".{notebook.name}.ipynb"
        paths.sets().mkdir(parents=True, exist_ok=True)
        jupytext.write(jupytext.read(notebook.file), fresh)
        own = papermill.inspect_notebook(fresh)
        fresh.unlink()
    profile = changed(args.profile, notebook.name, notebook.paper, own, args.set)
    check_parameters(parameters(notebook.name, profile), own, notebook.name)
    print(f"{notebook.name} with {', '.join(args.set)}: "
          f"{results('', notebook.paper, profile)[0]}")
    return profile


def _set_environment() -> None:
    """Make runs comparable, whoever starts them, and let kernels find our package."""
    for key, value in ENVIRONMENT.items():
        os.environ.setdefault(key, value)
    os.environ.setdefault("MPLCONFIGDIR", str(paths.build() / "matplotlib"))
    for key in ("MATPLOTLIBRC", "MPLBACKEND"):  # the user's own settings
        os.environ.pop(key, None)
    # kernels find our package lib first, whatever else is called so
    os.environ["COMPANION"] = str(paths.ROOT)
    further = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join(
        dict.fromkeys([str(paths.ROOT), *filter(None, further)]))


def main(argv: list[str] | None = None) -> int:
    """Run notebooks strictly with papermill, where something that their results depend on has
    changed."""
    parser = argparse.ArgumentParser(prog="python -m lib.companion.runner",
                                     description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME",
                        help="notebooks, without suffix; none: only check")
    parser.add_argument("--profile", default="demo", help=", ".join(profile_names()))
    parser.add_argument("--data", help="folder of your data")
    parser.add_argument("--device", help="cpu, cuda")
    parser.add_argument(
        "--out", default="",
        help="folder of the figures, relative to the project (default: build/figures)")
    parser.add_argument("--why", action="store_true",
                        help="only say whether each notebook is up to date, and why not")
    parser.add_argument("--publish", action="store_true",
                        help="write notebooks/NAME.ipynb from the executed demo copies")
    parser.add_argument("--plan", action="store_true",
                        help="only note that these notebooks are about to be run")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE",
        help="a parameter of the notebook, or a field of its paper's preset; the "
        "results lie in a folder of their own below build/")
    args = parser.parse_args(argv)
    args.names = [_full(name) for name in args.names]
    _set_environment()
    try:
        if args.publish:
            from lib.companion.publish import publish

            return publish(args.names)
        data = _checked(args.profile, args.data, args.names)
        if data:
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
                reasons = why(notebook, given)
                print("\n".join(f"{name}: {reason}" for reason in reasons or ["up to date"]))
            elif code := reproduce(name, given):
                return code
        return 0
    except (Refused, OSError) as error:
        print(error, file=sys.stderr)
    except SyntaxError as error:
        said = f"{error.filename}, line {error.lineno}: no Python ({error.msg}): {error.text or ''}"
        print(said.rstrip(), file=sys.stderr)
    except KeyboardInterrupt:
        print("Interrupted. What was finished is kept: the same command goes on from there.",
              file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
