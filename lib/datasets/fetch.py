"""Download an openly published dataset from its owner, with checksums; nothing of it is part of the project."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import pooch
import requests
from tqdm import tqdm

from lib import paths
from lib.datasets.registry import DATASETS, checksums, find

__all__ = ["FetchError", "download", "fetch"]


class FetchError(RuntimeError):
    """A download failed; the message says which file, why, and what to do. Files fetched before stay."""


def fetch(name: str, root: str | Path | None = None, base_url: str | None = None, *, jobs: int = 4, progress: bool = True) -> Path:
    """Download one dataset of the registry into the user's data folder.

    Parameters
    ----------
    name : str
        A dataset with a ``source`` in :data:`lib.datasets.registry.DATASETS`.
    root : path-like, optional
        The data folder; ``lib.paths.data()`` by default. A copy found there is completed, otherwise ``root/name`` is made.
    base_url : str, optional
        Where a copy of the files is served, in place of the owner's address.
    jobs : int
        Files at a time.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    KeyError
        No such dataset, or its owner must be asked first.
    FetchError
        A file could not be had, or is not the one that was published.
    """
    if name not in DATASETS or not DATASETS[name].source:
        known = ", ".join(key for key, dataset in DATASETS.items() if dataset.source)
        raise KeyError(f"{name!r} cannot be downloaded; these can: {known}")
    folder = find(name, root).path or paths.data(root) / name
    download(base_url or DATASETS[name].source, checksums(name), folder, jobs=jobs, progress=progress)
    return folder


def download(base_url: str, files: Mapping[str, tuple[str, int]], folder: Path, *, jobs: int = 4, retries: int = 3,
             progress: bool = True) -> list[str]:
    """Download files whose checksum is known; those already there and right are left alone.

    Each file is written under a temporary name and renamed when its checksum is right, so that an interrupted download leaves no
    half file behind and can simply be started again.

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
    folder = Path(folder)
    todo = [name for name, (digest, _) in files.items() if not _is_there(folder / name, digest)]
    try:
        for parent in {(folder / name).parent for name in todo}:
            parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FetchError(f"{folder} cannot be written ({error}). Name another folder with --data.") from error
    pooch.get_logger().setLevel("WARNING")
    store = pooch.create(folder, base_url.rstrip("/") + "/", registry={name: digest for name, (digest, _) in files.items()},
                         retry_if_failed=retries)
    get = pooch.HTTPDownloader(chunk_size=1 << 16, timeout=30)
    with (tqdm(total=sum(files[name][1] for name in todo), unit="B", unit_scale=True, desc=folder.name, disable=not progress) as bar,
          ThreadPoolExecutor(jobs) as pool):
        tasks = {pool.submit(store.fetch, name, downloader=get): name for name in todo}
        try:
            for task in as_completed(tasks):
                Path(task.result()).chmod(0o644)  # pooch leaves the mode of a temporary file, readable by its owner alone
                bar.update(files[tasks[task]][1])
        except (ValueError, OSError) as error:  # pooch raises ValueError for a checksum; requests' errors are OSErrors
            raise FetchError(_reason(store.get_url(tasks[task]), error)) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return todo


def _is_there(path: Path, digest: str) -> bool:
    return path.is_file() and pooch.file_hash(str(path)) == digest


def _reason(url: str, error: Exception) -> str:
    again = "What was fetched before stays; run the same command again to go on."
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{url}: the server answered {error.response.status_code} {error.response.reason}. Check the address (--base-url). {again}"
    if isinstance(error, requests.RequestException):
        return f"{url}: no connection, or it broke off ({type(error).__name__}). Check the network or the proxy. {again}"
    if isinstance(error, OSError):
        return f"{url}: could not be written ({error}). Check the folder and its free space. {again}"
    return f"{url}: the checksum is not that of the published file, which was therefore not kept. {again}"
