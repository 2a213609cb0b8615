"""Download an openly published dataset from its owner, with checksums; nothing of it is part of the
project."""

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from functools import partial
from http.client import responses
from pathlib import Path

import mne
import pooch
import requests
from tqdm import tqdm
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from lib import paths
from lib.datasets.catalogue import DATASETS, EEGMMIDB, WEIGHTS, checksums
from lib.datasets.registry import find

log = logging.getLogger(__name__)
WAITS, PAUSE, LONGEST = 3, 10, 120  # choice: times and seconds that a server is waited for
# choice: subjects of EEGMMIDB unless more are asked for; enough to try pre-training on real
# recordings
SIZE = 10
# of a subject of EEGMMIDB: 64 channels x 160 samples a second x 2 bytes x 26 minutes
MEGABYTES, RUNS = 33, 14

REMEDIES = {
    403: "The server refuses it to you: check the address (--base-url) and your network.",
    407: "A proxy wants a password: set HTTPS_PROXY (and HTTP_PROXY) to "
    "http://NAME:PASSWORD@HOST:PORT.",
    429: "Too many requests: wait {wait}, then ask for fewer at a time (--jobs 1).",
    503: "The server is busy or being repaired: wait {wait}."
}


class FetchError(RuntimeError):
    """A download failed; the message says which file, why, and what to do. Files fetched before
    stay."""


def fetch(name: str, root: str | Path | None = None, base_url: str | None = None, *,
          size: int = SIZE, jobs: int = 4, progress: bool = True) -> Path:
    """Download one dataset of the registry into the user's data folder.

    Parameters
    ----------
    name : str
        A dataset with a ``source`` in :data:`lib.datasets.registry.DATASETS`.
    root : path-like, optional
        The data folder; ``lib.paths.data()`` by default. A copy found there is completed, otherwise
        ``root/name`` is made.
    base_url : str, optional
        Where a copy of the files is served, in place of the owner's address.
    size : int
        How many subjects, for ``eegmmidb``; the others are fetched whole.
    jobs : int
        Files at a time; ``eegmmidb`` comes one by one.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    KeyError
        No such dataset.
    FetchError
        Its owner must be asked first, or a file could not be had, or is not the one that was
        published.
    """
    dataset = DATASETS[name]
    if not dataset.source:
        raise FetchError(by_hand(name, root))
    folder = find(name, root).path or paths.data(root) / name
    if name == "eegmmidb":
        fetch_eegmmidb(folder, size, base_url or dataset.source, progress=progress)
    else:
        download(base_url or dataset.source, checksums(name), folder, jobs=jobs, progress=progress)
    return folder


def fetch_weights(root: str | Path | None = None, base_url: str | None = None) -> Path:
    """Download the files of :data:`lib.datasets.catalogue.WEIGHTS`; parameters and errors as
    `fetch`."""
    folder = paths.weights(root=root)
    for name, about in WEIGHTS.items():
        download(base_url or about["source"], {name: (about["sha256"], about["size"])}, folder)
    return folder


def by_hand(name: str, root: str | Path | None = None) -> str:
    """Where a dataset that is not downloaded here can be had, and where it goes, in one message."""
    dataset = DATASETS[name]
    if dataset.embedded:
        return f"{name} needs no download: the project writes it when needed."
    known = ", ".join(key for key, dataset in DATASETS.items() if dataset.source)
    return (f"{name} cannot be downloaded by this command, which fetches {known}. Get it from "
            f"{dataset.ask}. Licence: {dataset.licence} Put it into {paths.data(root)}, so that "
            f"there is: {dataset.layout}.")


def amount(name: str, size: int = SIZE) -> str:
    """How much :func:`fetch` downloads, in words."""
    if name == "eegmmidb":
        return f"{size} of {len(EEGMMIDB) // RUNS} subjects, about {size * MEGABYTES} MB"
    return f"{sum(size for _, size in checksums(name).values()) / 1e6:.0f} MB in all"


def fetch_eegmmidb(folder: Path, size: int, base_url: str, *, progress: bool = True) -> None:
    """Download the first subjects of EEGMMIDB through MNE, which knows the checksums, into the
    owner's layout.

    Parameters
    ----------
    folder : Path
        Gets ``S001/S001R01.edf`` and so on; files that are there are left alone.
    size : int
        Subjects, 1 to 109.
    base_url : str
        Address that ends in ``files/eegmmidb/1.0.0/``.
    progress : bool
        Show a progress bar.
    """
    most = len(EEGMMIDB) // RUNS
    if not 1 <= size <= most:
        raise FetchError(
            f"eegmmidb has {most} subjects: expected a size of 1 to {most}, found {size}.")
    todo = [name for name in list(EEGMMIDB)[:size * RUNS] if not (folder / name).is_file()]
    waiting = folder / ".download"
    pooch.get_logger().setLevel("WARNING")
    for name in tqdm(todo, desc="eegmmidb", unit="file", disable=not progress):
        with _told(base_url + name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            waiting.mkdir(exist_ok=True)
            get = partial(mne.datasets.eegbci.load_data, *EEGMMIDB[name], path=waiting,
                          update_path=False, base_url=base_url, verbose="error")
            (got,) = _patiently(base_url + name, get)
            os.replace(got, folder / name)
    shutil.rmtree(waiting, ignore_errors=True)


def download(base_url: str, files: Mapping[str, tuple[str, int]], folder: Path, *, jobs: int = 4,
             retries: int = 3, progress: bool = True) -> list[str]:
    """Download files whose checksum is known; those already there and right are left alone.

    Each file is written under a temporary name and renamed when its checksum is right, so that an
    interrupted download leaves no half file behind and can simply be started again.

    Parameters
    ----------
    base_url : str
        Address below which the files lie.
    files : mapping
        Relative path -> (SHA-256, size in bytes).
    folder : Path
        Where they go.
    jobs, retries : int
        Files at a time, and further attempts for each.
    progress : bool
        Show a progress bar.

    Returns
    -------
    list of str
        What was downloaded now.
    """
    digests = {name: digest for name, (digest, _) in files.items()}
    there = [name for name in files if (folder / name).is_file()]
    right = {name for name in there if pooch.file_hash(str(folder / name)) == digests[name]}
    todo = [name for name in files if name not in right]
    pooch.get_logger().setLevel("WARNING")
    base = f"{base_url.rstrip('/')}/"
    store = pooch.create(folder, base, registry=digests, retry_if_failed=retries)
    http = pooch.HTTPDownloader(chunk_size=1 << 16, timeout=30)

    def get(url: str, output_file, store) -> None:
        _patiently(url, partial(http, url, output_file, store))

    def one(name: str) -> int:
        with _told(store.get_url(name)):
            # pooch would trip over a folder that another download made meanwhile
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            # pooch leaves the mode of a temporary file, readable by its owner alone
            Path(store.fetch(name, downloader=get)).chmod(0o644)
        return files[name][1]

    with (tqdm(total=sum(files[name][1] for name in todo), unit="B", unit_scale=True,
               desc=folder.name, disable=not progress) as bar, ThreadPoolExecutor(jobs) as pool):
        try:
            for task in as_completed([pool.submit(one, name) for name in todo]):
                bar.update(task.result())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return todo


@contextmanager
def _told(url: str) -> Iterator[None]:
    """What goes wrong meanwhile is told as a ``FetchError``: pooch raises ValueError for a
    checksum, and requests' errors are OSErrors."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise FetchError(_reason(url, error)) from error


def _patiently(url: str, get: Callable):
    """What ``get`` returns, after the time for which the server asks; other refusals end at
    once."""
    for left in reversed(range(WAITS + 1)):
        try:
            return get()
        except requests.RequestException as error:
            status, seconds = _answer(error)
            if seconds and left and seconds <= LONGEST:
                log.warning("%s: the server asks to wait for %g s", url, seconds)
                time.sleep(seconds)
            elif seconds or 400 <= status < 500:
                raise FetchError(_reason(url, error)) from error
            else:
                raise


def _answer(error: requests.RequestException) -> tuple[int, float]:
    """Status that was answered (0: none), and the seconds to wait that were asked for."""
    if error.response is None:  # 407: to the wish for a tunnel, for https
        refused = "407" in str(error) and isinstance(error, requests.exceptions.ProxyError)
        return 407 if refused else 0, 0
    status, seconds = error.response.status_code, 0.0
    with suppress(InvalidHeader):  # seconds, or a date
        seconds = Retry().parse_retry_after(error.response.headers.get("Retry-After") or "0")
    return status, (seconds or PAUSE) if status == 429 else seconds if status == 503 else 0


def _reason(url: str, error: Exception) -> str:
    status, seconds = _answer(error) if isinstance(error, requests.RequestException) else (0, 0)
    if status:
        wait = f"{seconds:g} s" if seconds else "some minutes"
        remedy = REMEDIES.get(status, "Check the address (--base-url).").format(wait=wait)
        why = f"the server answered {status} {responses.get(status, '')}. {remedy}"
    elif isinstance(error, requests.RequestException):
        kind = type(error).__name__
        why = f"no connection, or it broke off ({kind}). Check the network or the proxy."
    elif isinstance(error, OSError):
        why = (f"could not be written ({error}). Check the folder and its free space. "
               "Name another folder with --data.")
    else:
        wrong = "the checksum is not that of the published file, which was therefore not kept."
        why = wrong if "hash" in str(error) else str(error)
    return f"{url}: {why} What was fetched before stays; run the same command again to go on."
