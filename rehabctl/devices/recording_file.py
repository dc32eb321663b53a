"""Recording files (`.npz`): named arrays in a zip file, never a pickle.

`t_s (N,)`, `gyr_rads (N, 3)`, `acc_ms2 (N, 3)`, `mag_ut (N, 3)` or absent, `meta` (JSON bytes).
Reading trusts nothing: sizes are known before anything is unpacked, and a wrong file is refused
with one line.
"""

from __future__ import annotations

import io
import json
import math
import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from rehabctl.analysis.imu_recording import ImuRecording, RecordingMeta
from rehabctl.domain.errors import NotFoundError, RehabctlError

MOST_SAMPLES = 50_000_000
MOST_FILE_BYTES = 2**31
_MOST_META_BYTES = 2**16
_MOST_HEADER_BYTES = 4096
_NEXT = "Record again, or convert the file with `rehabctl sensor convert`"


class _RefusedError(ValueError):
    """The file is not what it says; the text has no patient data."""


def write_recording(path: Path, recording: ImuRecording) -> None:
    """Write a recording whole or not at all; the same recording gives the same bytes.

    Parameters
    ----------
    path
        Ends in `.npz`.
    recording
        What to write.
    """
    arrays: dict[str, NDArray[Any]] = {
        "t_s": recording.t_s,
        "gyr_rads": recording.gyr_rads,
        "acc_ms2": recording.acc_ms2,
    }
    if recording.mag_ut is not None:
        arrays["mag_ut"] = recording.mag_ut
    arrays["meta"] = np.array(meta_json(recording.meta))
    write_arrays(path, arrays)


def meta_json(meta: RecordingMeta) -> bytes:
    """Return the JSON bytes of `meta`.

    Parameters
    ----------
    meta
        Facts of the recording.
    """
    fields = {name: getattr(meta, name) for name in RecordingMeta.__dataclass_fields__}
    return json.dumps(fields, sort_keys=True, ensure_ascii=True).encode()


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write named arrays as `.npz` without pickles, whole or not at all.

    Parameters
    ----------
    path
        Target; a file there is replaced.
    arrays
        By member name.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as stream:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as file:
                for name, array in arrays.items():
                    member = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
                    member.compress_type = zipfile.ZIP_DEFLATED
                    data = io.BytesIO()
                    npy.write_array(data, np.asarray(array), version=(1, 0), allow_pickle=False)
                    file.writestr(member, data.getvalue())
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        what = f"cannot write {path.name}: {error.strerror}"
        raise RehabctlError(what, "Choose another output path") from None


def read_recording(path: Path) -> ImuRecording:
    """Read a recording file.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    NotFoundError
        There is no such file.
    RehabctlError
        It is damaged, or something else.
    """
    try:
        if path.stat().st_size > MOST_FILE_BYTES:
            raise _RefusedError("is too large")
        with zipfile.ZipFile(path) as file:
            return _read(file)
    except FileNotFoundError:
        raise NotFoundError(f"no recording {path.name}", "Check the path") from None
    except OSError as error:
        what = f"cannot read {path.name}: {error.strerror or 'input error'}"
        raise RehabctlError(what, "Check the path and its permissions") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        what = f"{path.name} is not a recording, or it is damaged"
        raise RehabctlError(what, _NEXT) from None
    except (ValueError, OverflowError, SyntaxError) as error:
        text = str(error) if isinstance(error, _RefusedError) else _plain(error)
        raise RehabctlError(f"{path.name} {text}", _NEXT) from None


def _plain(error: Exception) -> str:
    """Return a sentence of our own checks; a library's wording may quote the file's content."""
    text = str(error)
    known = ("t_s", "gyr_rads", "acc_ms2", "mag_ut")
    return f"is refused: {text}" if text.startswith(known) else "is not a recording"


def _read(file: zipfile.ZipFile) -> ImuRecording:
    names = {info.filename for info in file.infolist()}
    missing = [n for n in ("t_s", "gyr_rads", "acc_ms2") if f"{n}.npy" not in names]
    if missing:
        raise _RefusedError(f"lacks {', '.join(missing)}")
    t_s = _floats(file, "t_s", 1)
    mag = _floats(file, "mag_ut", 2) if "mag_ut.npy" in names else None
    meta = _meta(file) if "meta.npy" in names else RecordingMeta()
    return ImuRecording(t_s, _floats(file, "gyr_rads", 2), _floats(file, "acc_ms2", 2), mag, meta)


def _floats(file: zipfile.ZipFile, name: str, dimensions: int) -> NDArray[np.float64]:
    shape, dtype, data = _member(file, name, MOST_SAMPLES * 24 + _MOST_HEADER_BYTES)
    if dtype.kind not in "fiu" or len(shape) != dimensions or (len(shape) == 2 and shape[1] != 3):
        raise _RefusedError(f"holds {name} in a wrong shape or type")
    values = np.frombuffer(data, dtype=dtype, count=math.prod(shape)).reshape(shape)
    return np.array(values, dtype=np.float64, order="C")


def _member(
    file: zipfile.ZipFile, name: str, most_bytes: int
) -> tuple[tuple[int, ...], np.dtype[Any], bytes]:
    """Return shape, type and bytes of one array; nothing is unpacked beyond what it declares."""
    info = file.getinfo(f"{name}.npy")
    if info.file_size > most_bytes:
        raise _RefusedError(f"holds too much in {name}")
    with file.open(info) as stream:
        version = npy.read_magic(cast("Any", stream))
        readers: Any = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
        if version not in readers:
            raise _RefusedError(f"holds {name} in an unknown format")
        shape, fortran, dtype = readers[version](stream, max_header_size=_MOST_HEADER_BYTES)
        if dtype.hasobject:
            raise _RefusedError(f"holds {name} in a wrong shape or type")
        size = math.prod(shape) * dtype.itemsize
        if size > info.file_size:
            raise _RefusedError(f"holds less in {name} than it says")
        data = stream.read(size)
        stream.read(1)  # reaching the end makes zipfile compare the checksum
    if len(data) != size:
        raise _RefusedError(f"holds less in {name} than it says")
    if fortran and len(shape) == 2:
        data = np.frombuffer(data, dtype=dtype).reshape(shape, order="F").tobytes()
    return shape, dtype, data


def _meta(file: zipfile.ZipFile) -> RecordingMeta:
    shape, dtype, data = _member(file, "meta", _MOST_META_BYTES)
    if dtype.kind == "U":
        text = "".join(np.frombuffer(data, dtype=dtype).reshape(shape).ravel().tolist())
    elif dtype.kind == "S" or dtype == np.uint8:
        text = data.rstrip(b"\0").decode("utf-8")
    else:
        raise _RefusedError("holds meta in a wrong type")
    loaded: object = json.loads(text)
    if not isinstance(loaded, dict):
        raise _RefusedError("holds meta that is no object")
    table = cast("dict[str, object]", loaded)

    def words(key: str) -> str:
        value = table.get(key, "")
        return value[:200] if isinstance(value, str) else ""

    rate = table.get("rate_hz")
    known = isinstance(rate, int | float) and not isinstance(rate, bool) and 0 < rate < 1e5
    return RecordingMeta(
        serial=words("serial"),
        model=words("model"),
        firmware=words("firmware"),
        rate_hz=float(cast("float", rate)) if known else None,
        segment=words("segment"),
        side=words("side"),
    )
