"""Encrypted blobs: round trip, damage, exchange, and no trace of the content."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rehabctl.domain.blobs import BlobSink
from rehabctl.domain.errors import NotFoundError, RehabctlError
from rehabctl.store import files
from rehabctl.store.files import BlobStore

KEY = bytes(range(32))
CANARY = b"Ana Diaz 1961-04-02"


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs", KEY)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "CHUNK_BYTES", 64)


def only_file(tmp_path: Path) -> Path:
    (path,) = (tmp_path / "blobs").glob("??/*.blob")
    return path


def put(blobs: BlobStore, data: bytes, kind: str = "video") -> str:
    return blobs.put(io.BytesIO(data), kind=kind)


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 128, 1000])
def test_what_goes_in_comes_out(blobs: BlobStore, size: int) -> None:
    sink: BlobSink = blobs
    data = bytes(n % 251 for n in range(size))
    digest = sink.put(io.BytesIO(data), kind="video")
    assert digest == hashlib.sha256(data).hexdigest()
    assert blobs.exists(digest)
    assert blobs.read(digest) == data
    with blobs.open(digest) as source:
        assert source.read(10) + source.read() == data


def test_a_file_is_stored_like_a_stream(blobs: BlobStore, tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(b"v" * 500)
    assert blobs.put_file(tmp_path / "v.mp4", kind="video") == put(blobs, b"v" * 500)
    assert blobs.verify() == (1, ())
    with pytest.raises(RehabctlError, match=r"cannot read none\.mp4"):
        blobs.put_file(tmp_path / "none.mp4", kind="video")


def test_a_stream_that_comes_in_pieces_is_stored_whole(blobs: BlobStore) -> None:
    class Trickle(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(7, size or 7) if size and size > 0 else 7)

    data = bytes(range(256)) * 3
    source: BinaryIO = Trickle(data)
    assert blobs.read(blobs.put(source, kind="imu")) == data


def test_neither_name_nor_content_tells_anything(blobs: BlobStore, tmp_path: Path) -> None:
    digest = put(blobs, CANARY * 20)
    path = only_file(tmp_path)
    assert digest not in str(path)
    assert digest[:8] not in path.read_bytes().hex()
    assert CANARY not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    first = path.read_bytes()
    put(blobs, CANARY * 20)
    assert only_file(tmp_path).read_bytes() != first  # another data key every time
    other = BlobStore(tmp_path / "other", bytes(32))
    put(other, CANARY * 20)
    (elsewhere,) = (tmp_path / "other").glob("??/*.blob")
    assert elsewhere.name != path.name


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_any_flipped_bit_is_found(blobs: BlobStore, tmp_path: Path, place: float, bit: int) -> None:
    digest = put(blobs, b"x" * 300)
    path = only_file(tmp_path)
    data = bytearray(path.read_bytes())
    data[int(place * len(data))] ^= 1 << bit
    path.write_bytes(data)
    with pytest.raises(RehabctlError, match="damaged"):
        blobs.read(digest)
    assert blobs.verify() == (1, (path.name,))


@pytest.mark.parametrize("kept", [0, 1, 60, 75, 80, 160, 240])
def test_a_cut_end_is_found(blobs: BlobStore, tmp_path: Path, kept: int) -> None:
    digest = put(blobs, b"x" * 200)
    path = only_file(tmp_path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(RehabctlError, match="damaged"):
        blobs.read(digest)


def test_chunks_cannot_change_places_nor_files(blobs: BlobStore, tmp_path: Path) -> None:
    digest = put(blobs, b"a" * 64 + b"b" * 64 + b"c" * 10)
    path = only_file(tmp_path)
    data = path.read_bytes()
    head = len(data) - (80 + 80 + 26)
    path.write_bytes(data[:head] + data[head + 80 : head + 160] + data[head : head + 80])
    with pytest.raises(RehabctlError, match="damaged"):
        blobs.read(digest)
    path.write_bytes(data)
    other = put(blobs, b"z" * 138)
    path.write_bytes(next(p for p in path.parent.parent.glob("??/*") if p != path).read_bytes())
    with pytest.raises(RehabctlError, match="damaged"):  # another blob under this one's name
        blobs.read(digest)
    assert blobs.read(other) == b"z" * 138


def test_another_key_opens_nothing(blobs: BlobStore, tmp_path: Path) -> None:
    digest = put(blobs, b"x")
    with pytest.raises(NotFoundError):
        BlobStore(tmp_path / "blobs", bytes(32)).read(digest)
    assert BlobStore(tmp_path / "blobs", bytes(32)).verify()[1] == (only_file(tmp_path).name,)


def test_a_deleted_blob_is_gone_and_its_key_with_it(
    blobs: BlobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = put(blobs, b"x" * 500)
    path = only_file(tmp_path)
    monkeypatch.setattr(Path, "unlink", lambda _self, **_: None)
    assert blobs.delete(digest)
    monkeypatch.undo()
    assert path.read_bytes()[:69] == bytes(69)
    path.unlink()
    assert not blobs.delete(digest)
    assert not blobs.exists(digest)
    with pytest.raises(NotFoundError, match="not stored"):
        blobs.open(digest)


def test_a_broken_source_leaves_nothing_behind(blobs: BlobStore, tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 100:
                raise OSError(5, "Input/output error")
            return super().read(50)

    with pytest.raises(RehabctlError):
        blobs.put(Broken(b"x" * 500), kind="video")
    assert [p for p in (tmp_path / "blobs").rglob("*") if p.is_file()] == []


@pytest.mark.parametrize("kind", ["", "Video", "../x", "a" * 40])
def test_a_kind_is_one_plain_word(blobs: BlobStore, kind: str) -> None:
    with pytest.raises(ValueError, match="kind"):
        put(blobs, b"x", kind)


def test_a_reader_that_stops_early_closes_its_file(blobs: BlobStore) -> None:
    digest = put(blobs, b"x" * 500)
    source = blobs.open(digest)
    assert source.read(1) == b"x"
    source.close()  # a file left open would fail the test as a warning
    blobs.open(digest).close()
