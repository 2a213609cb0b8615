"""Downloads from a small server on this machine: complete, interrupted, corrupt, missing, nothing
left to do."""

from __future__ import annotations

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import create_autospec

import mne
import pytest
import requests
import torch

from lib.datasets import fetch as module
from lib.datasets.__main__ import main
from lib.datasets.catalogue import DATASETS, WEIGHTS
from lib.datasets.fetch import FetchError, download, fetch
from lib.models import backbones

NAME = "mahnob-public-features"


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        self.server.asked.append(self.path)

    def do_GET(self):
        if self.server.refusals:
            status, headers = self.server.refusals.pop(0)
            self.send_response(status)
            for header in headers.items():
                self.send_header(*header)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            super().do_GET()

    def copyfile(self, source, outputfile):
        content = source.read()
        outputfile.write(content[:len(content) //
                                 2] if self.path in self.server.breaking else content)
        if self.path in self.server.breaking:
            self.close_connection = True


@pytest.fixture
def server(tmp_path):
    folder = tmp_path / "served"
    (folder / "Features").mkdir(parents=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    server.folder, server.asked, server.breaking, server.refusals = folder, [], set(), []
    server.url = f"http://127.0.0.1:{server.server_port}/"
    server.files = {}
    for i in range(6):
        name, content = (f"Features/{i}.mat" if i else "labels.mat"), bytes([i]) * (20_000 + i)
        (folder / name).write_bytes(content)
        server.files[name] = (hashlib.sha256(content).hexdigest(), len(content))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def direct(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)


def held(folder):
    return {
        str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*")
        if path.is_file()
    }


def sizes(server):
    return {name: size for name, (_, size) in server.files.items()}


def test_complete_and_then_nothing_left_to_do(server, tmp_path):
    folder = tmp_path / "data"
    assert sorted(download(server.url, server.files, folder,
                           progress=False)) == sorted(server.files)
    assert held(folder) == sizes(server) and len(server.asked) == 6
    assert download(server.url, server.files, folder, progress=False) == [] and len(
        server.asked) == 6


def test_interrupted_then_resumed(server, tmp_path):
    folder = tmp_path / "data"
    server.breaking = {"/Features/5.mat"}
    with pytest.raises(
            FetchError,
            match=r"Features/5.mat: no connection, or it broke off .* run the same command again"):
        download(server.url, server.files, folder, jobs=1, retries=1, progress=False)
    # no half file, no remains
    assert held(folder) == {
        name: size for name, size in sizes(server).items() if name != "Features/5.mat"
    }
    assert server.asked.count("/Features/5.mat") == 2  # tried again once
    server.breaking = set()
    assert download(server.url, server.files, folder, progress=False) == ["Features/5.mat"]
    assert held(folder) == sizes(server)


def test_a_damaged_file_on_this_side_is_replaced(server, tmp_path):
    folder = tmp_path / "data"
    download(server.url, server.files, folder, progress=False)
    (folder / "labels.mat").write_bytes(b"half")
    assert download(server.url, server.files, folder, progress=False) == ["labels.mat"]
    assert held(folder) == sizes(server)


def test_a_corrupt_file_on_the_other_side_is_refused(server, tmp_path):
    (server.folder / "Features/3.mat").write_bytes(b"\x07" * 20_003)
    with pytest.raises(FetchError,
                       match=r"Features/3.mat: the checksum is not that of the published file"):
        download(server.url, server.files, tmp_path / "data", retries=0, progress=False)
    assert not (tmp_path / "data/Features/3.mat").exists()


def test_a_missing_file_is_named(server, tmp_path):
    (server.folder / "labels.mat").unlink()
    with pytest.raises(FetchError, match=r"labels.mat: the server answered 404"):
        download(server.url, server.files, tmp_path / "data", retries=0, progress=False)


@pytest.fixture
def waited(monkeypatch):
    waited = []
    monkeypatch.setattr(module.time, "sleep", waited.append)
    return waited


@pytest.mark.parametrize(("status", "headers", "wait"), [(429, {"Retry-After": "7"}, 7),
                                                         (429, {}, 10),
                                                         (503, {"Retry-After": "5"}, 5)])
def test_a_server_that_asks_to_wait_is_waited_for(server, tmp_path, waited, status, headers, wait):
    server.refusals = [(status, headers)] * 3
    download(server.url, server.files, tmp_path / "data", jobs=1, progress=False)
    assert held(tmp_path / "data") == sizes(server) and waited == [wait] * 3


REFUSALS = {
    "again and again": ([(429, {"Retry-After": "7"})] * 9, "429 Too Many Requests.*wait 7 s", 4),
    "for long": ([(429, {"Retry-After": "3600"})], "429 Too Many Requests.*wait 3600 s", 1),
    "till a date": ([(503, {"Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT"})],
                    r"503 Service Unavailable.*wait \d+", 1),
    "forbidden": ([(403, {})] * 9, r"403 Forbidden\. The server refuses it.*--base-url", 1),
    "a proxy": ([(407, {})] * 9, "407 Proxy Authentication Required.*set HTTPS_PROXY", 1),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_says_what_to_do(server, tmp_path, waited, case):
    server.refusals, reason, asked = REFUSALS[case]
    with pytest.raises(FetchError, match=reason):
        first = dict(list(server.files.items())[:1])
        download(server.url, first, tmp_path / "data", progress=False)
    assert len(server.asked) == asked and held(tmp_path / "data") == {}


def test_a_tunnel_through_a_proxy_that_wants_a_password(server, tmp_path, waited, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    monkeypatch.setattr(Handler, "do_CONNECT", lambda self: self.send_error(407), raising=False)
    first = dict(list(server.files.items())[:1])
    with pytest.raises(FetchError, match=r"407 Proxy Authentication Required.*set HTTPS_PROXY"):
        download("https://example.org/", first, tmp_path / "data", progress=False)
    assert len(server.asked) == 2 and waited == []  # one request: a refusal is logged twice


def test_no_server(tmp_path, server):
    with pytest.raises(FetchError, match="no connection"):
        download("http://127.0.0.1:9/", server.files, tmp_path / "data", retries=0, progress=False)


def test_a_folder_that_cannot_be_made(server, tmp_path):
    (tmp_path / "data").write_text("a file")
    with pytest.raises(FetchError, match="Name another folder"):
        download(server.url, server.files, tmp_path / "data", progress=False)


def test_command(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "checksums", lambda name: server.files)
    arguments = ["fetch", NAME, "--data", str(tmp_path / "data"), "--base-url", server.url]
    assert main(arguments) == 0
    assert held(tmp_path / "data" / NAME) == sizes(server)
    printed = capsys.readouterr().out
    assert printed.index("GPL-3") < printed.index("research use only") < printed.index("complete: ")
    (server.folder / "labels.mat").unlink()
    (tmp_path / "data" / NAME / "labels.mat").unlink()
    assert main(arguments) == 1
    assert capsys.readouterr().err.count("error: ") == 1


def test_eegmat_in_its_owners_layout_is_checked_against_the_published_files(
        server, tmp_path, capsys):
    """A cut recording, a wrong one and one that is not there: each is named, none is kept, and what
    lies there already stays."""
    known = list(module.checksums("eegmat"))
    assert known[:2] == ["Subject00_1.edf", "Subject00_2.edf"] and len(known) >= 72
    for name in known[1:]:
        (server.folder / name).write_bytes(b"0       " + name.encode())
    mine = tmp_path / "data" / "eegmat" / "Subject00_1.edf"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"0       cut by its owner")
    arguments = ["fetch", "eegmat", "--data", str(tmp_path / "data"), "--base-url", server.url]
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert "Open Data Commons" in said.out and "Subject00_" in said.err
    assert held(tmp_path / "data" / "eegmat") == {mine.name: mine.stat().st_size}


@pytest.mark.parametrize("name", ["mahnob", "dreamer", "way-eeg-gal", "pspm"])
def test_of_what_is_not_downloaded_it_is_said_where_to_get_it(name, tmp_path, capsys):
    dataset = DATASETS[name]
    with pytest.raises(
            FetchError,
            match=f"{name} cannot be downloaded by this command, which fetches {NAME}, .*eegmmidb"):
        fetch(name, tmp_path)
    assert main(["fetch", name, "--data", str(tmp_path)]) == 1
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("error: ") == 1
    assert [
        text for text in (dataset.ask, dataset.licence, dataset.layout, str(tmp_path))
        if text not in said.err
    ] == []


def test_an_unknown_name_and_one_that_needs_no_download(tmp_path):
    with pytest.raises(KeyError):
        fetch("deap", tmp_path)
    with pytest.raises(FetchError, match="the project writes it when needed"):
        fetch("amigos-simulated", tmp_path)


@pytest.fixture
def weights(server, tmp_path, monkeypatch):
    """A state dict of ResNet-50 and a detector, served; DATA is the folder they go to."""
    state = backbones.MODELS.resnet50(num_classes=3).state_dict()
    torch.save(state, server.folder / "saved")
    content = (server.folder / "saved").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    known = {f"resnet50-{digest[:8]}.pth": content, "yunet.onnx": b"some network"}
    about = {}
    for name, content in known.items():
        (server.folder / name).write_bytes(content)
        about[name] = {
            "title": name, "licence": "MIT", "source": server.url, "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest()
        }
    monkeypatch.setattr(module, "WEIGHTS", about)
    monkeypatch.setattr("lib.datasets.__main__.WEIGHTS", about)
    monkeypatch.setenv("DATA", str(tmp_path / "data"))
    return list(known)


def test_weights_are_fetched_and_real_recordings_are_described_by_them(weights, capsys):
    assert backbones.fetched(weights[0], "licensed") == ""
    assert main(["fetch", "weights"]) == 0 and "licence: MIT" in capsys.readouterr().out
    assert backbones.fetched(weights[0], "simulated") == ""
    network = backbones.resnet50(backbones.fetched(weights[0], "licensed"))
    stem = weights[0].removesuffix(".pth")
    assert network.name == f"ResNet-50 (weights {stem}, {stem[-8:]})"
    main(["status"])
    assert f"weights of image networks: {', '.join(weights)}" in capsys.readouterr().out


def test_weights_broken_off_wrong_and_fetched_again(server, weights, tmp_path, capsys):
    first, second = weights
    folder, right = tmp_path / "data/weights", (server.folder / second).read_bytes()
    server.breaking = {f"/{second}"}
    assert main(["fetch", "weights"]) == 1
    assert f"{second}: no connection, or it broke off" in capsys.readouterr().err
    assert list(held(folder)) == [first]
    server.breaking = set()
    (server.folder / second).write_bytes(b"another one")
    assert main(["fetch", "weights"]) == 1
    assert f"{second}: the checksum is not that" in capsys.readouterr().err
    assert list(held(folder)) == [first]
    (server.folder / second).write_bytes(right)
    assert main(["fetch", "weights"]) == 0 and sorted(held(folder)) == sorted(weights)
    assert server.asked.count(f"/{first}") == 1  # what was there and right was not asked for again


def test_names_of_weights_begin_the_checksum():
    for name, about in WEIGHTS.items():
        assert len(about["sha256"]) == 64 and about["source"].startswith("https://")
        assert not name.endswith(".pth") or name[-12:-4] == about["sha256"][:8]


@pytest.fixture
def eegbci(monkeypatch):
    """MNE's download, with its own signature, writing what it was asked for where MNE would; 33 is
    out of its reach."""
    def download(subjects, runs, *, path, base_url, **options):
        if subjects == 33:
            raise requests.ConnectionError("no route")
        name = f"S{subjects:03d}/S{subjects:03d}R{runs:02d}.edf"
        file = path / "MNE-eegbci-data/files/eegmmidb/1.0.0" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{subjects} {runs} {base_url}")
        return [file]

    fake = create_autospec(mne.datasets.eegbci.load_data, side_effect=download)
    monkeypatch.setattr(mne.datasets.eegbci, "load_data", fake)
    return fake


def test_eegmmidb_lands_in_the_owners_layout_and_is_completed(eegbci, tmp_path, capsys):
    assert main(["fetch", "eegmmidb", "--size", "1", "--data", str(tmp_path)]) == 0
    assert "1 of 109 subjects, about 33 MB" in (
        printed := capsys.readouterr().out) and "Open Data Commons" in printed
    folder = tmp_path / "eegmmidb"
    # and nothing else
    assert sorted(held(folder)) == [f"S001/S001R{run:02d}.edf" for run in range(1, 15)]
    assert (folder /
            "S001/S001R09.edf").read_text() == "1 9 https://physionet.org/files/eegmmidb/1.0.0/"
    # MNE's configuration stays as it is
    assert all(call.kwargs["update_path"] is False for call in eegbci.call_args_list)
    (folder / "S001/S001R09.edf").unlink()
    fetch("eegmmidb", tmp_path, size=2, progress=False)
    assert len(held(folder)) == 28 and eegbci.call_count == 14 + 15


def test_eegmmidb_interrupted(eegbci, tmp_path):
    with pytest.raises(
            FetchError,
            match=r"S033/S033R01.edf: no connection, or it broke off .* run the same command again"
    ):
        fetch("eegmmidb", tmp_path, size=109, progress=False)
    assert len(list((tmp_path / "eegmmidb").glob("S*/*.edf"))) == 32 * 14
    with pytest.raises(FetchError, match="expected a size of 1 to 109, found 110"):
        fetch("eegmmidb", tmp_path, size=110)


def test_eegmmidb_with_another_content_is_refused_by_mnes_checksums(server, tmp_path):
    file = server.folder / "files/eegmmidb/1.0.0/S001/S001R01.edf"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"not the published recording")
    with pytest.raises(FetchError,
                       match=r"S001/S001R01.edf: the checksum is not that of the published file"):
        fetch("eegmmidb", tmp_path / "data", server.url + "files/eegmmidb/1.0.0/", size=1,
              progress=False)
    assert server.asked and not list((tmp_path / "data").rglob("*.edf"))
    with pytest.raises(FetchError, match="base_url does not match"):
        fetch("eegmmidb", tmp_path / "data", server.url, size=1, progress=False)
