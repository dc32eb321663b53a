"""The outside of a keypoint file: named arrays in a zip file (`.npz`) under one checksum.

Reading trusts nothing: the checksum comes first, no pickle is ever loaded, and no more memory is
asked for than the caller says that an array may take.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_FILE_BYTES = 128 * 2**20

_MARK = b"rehabctl-keypoints sha256:"
_DIGEST_LENGTH = 64
_SEAL_LENGTH = len(_MARK) + _DIGEST_LENGTH
_SEAL = re.compile(re.escape(_MARK) + rb"[0-9a-f]{64}")
_DATE = (1980, 1, 1, 0, 0, 0)
_NPY_MAGIC = b"\x93NUMPY\x01\x00"
_NPY_ALIGNMENT = 64


class ForeignFileError(ValueError):
    """The bytes are not a keypoint file."""


class DamagedFileError(ValueError):
    """The bytes were a keypoint file once."""


def seal(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the bytes of a file; the same arrays give the same bytes.

    The zip comment holds the sha256 of everything before it, so a change anywhere shows.

    Parameters
    ----------
    arrays
        By member name.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy", _DATE)
            member.create_system, member.external_attr = 3, 0o600 << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            data = _npy_prefix(array.shape, array.dtype) + array.tobytes()
            file.writestr(member, data, compresslevel=9)
        file.comment = _MARK + b"0" * _DIGEST_LENGTH
    body = out.getvalue()[:-_DIGEST_LENGTH]
    return body + hashlib.sha256(body).hexdigest().encode()


class SealedArrays:
    """The arrays of a file whose checksum was right.

    Parameters
    ----------
    data
        The whole file.

    Raises
    ------
    ForeignFileError
        It is something else.
    DamagedFileError
        The checksum is wrong.
    """

    def __init__(self, data: bytes) -> None:
        digest = hashlib.sha256(data[:-_DIGEST_LENGTH]).hexdigest().encode()
        if not _SEAL.fullmatch(data[-_SEAL_LENGTH:]) or digest != data[-_DIGEST_LENGTH:]:
            if _MARK[:18] in data[-2 * _SEAL_LENGTH :] or b"header.npy" in data[:64]:
                raise DamagedFileError
            raise ForeignFileError
        self._file = zipfile.ZipFile(io.BytesIO(data))

    def read(self, name: str, shape: tuple[int, ...], dtype: type[np.generic]) -> NDArray[Any]:
        """Return an array that must have this shape and type.

        Parameters
        ----------
        name, shape, dtype
            What is expected; nothing larger is unpacked.

        Raises
        ------
        DamagedFileError
            It is missing or different.
        """
        wanted = np.dtype(dtype)
        prefix = _npy_prefix(shape, wanted)
        size = len(prefix) + int(np.prod(shape)) * wanted.itemsize
        data = self._unpack(name, size)
        if len(data) != size or not data.startswith(prefix):
            raise DamagedFileError
        return np.frombuffer(data, dtype=wanted, offset=len(prefix)).reshape(shape)

    def read_text(self, name: str, most_bytes: int) -> str:
        """Return an array of bytes as text.

        Parameters
        ----------
        name
            The member.
        most_bytes
            A longer one is refused.
        """
        data = self._unpack(name, most_bytes)
        text = data[len(_NPY_MAGIC) + 2 + int.from_bytes(data[8:10], "little") :]
        if not data.startswith(_npy_prefix((len(text),), np.dtype(np.uint8))):
            raise DamagedFileError
        return text.decode()

    def _unpack(self, name: str, most_bytes: int) -> bytes:
        with self._file.open(f"{name}.npy") as member:
            data = member.read(most_bytes + 1)
        if len(data) > most_bytes:
            raise DamagedFileError
        return data


def _npy_prefix(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bytes:
    """Return what stands before the numbers in an `.npy` file of format 1.0.

    Written and compared here, so that nothing in a foreign file is ever interpreted.
    """
    sizes = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
    text = f"{{'descr': '{dtype.str}', 'fortran_order': False, 'shape': ({sizes}), }}"
    padding = -(len(_NPY_MAGIC) + 2 + len(text) + 1) % _NPY_ALIGNMENT
    head = f"{text}{' ' * padding}\n".encode()
    return _NPY_MAGIC + len(head).to_bytes(2, "little") + head
