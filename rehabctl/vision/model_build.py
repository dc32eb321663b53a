"""Builds a pose model from the maker's published networks. The same bytes on every machine.

The published landmark networks lack the description of their input that the current library
requires. It is added here, and both networks are put into one uncompressed zip file.
`python -m rehabctl.vision.model_build` does it in a process of its own (it loads the library's
schema modules) and speaks the messages of `rehabctl.vision.protocol`.
"""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from typing import Any, cast

from rehabctl.domain.errors import RehabctlError
from rehabctl.vision.isolation import refuse_network, take_over_output
from rehabctl.vision.protocol import read_message, write_message

PIXEL_RANGE = 255.0
"""The network expects pixels divided by 255. With 1 the model loads and silently finds garbage."""

_OUTPUTS = ("landmarks", "presence", "segmentation", "heatmap", "world_landmarks")
_METADATA = "TFLITE_METADATA"
_ALIGNMENT = 16
_ALIGNMENT_FIELD = b"\x35\xd9"
_LOCAL_HEADER = 30
_FIELD_HEADER = 4


def build_in_child(detector: bytes, landmarks: bytes) -> bytes:
    """Return the model that the two networks make. The caller checks its sha256.

    Parameters
    ----------
    detector
        TFLite file that finds a person.
    landmarks
        TFLite file that finds the person's landmarks.

    Raises
    ------
    RehabctlError
        The library's schema modules cannot be used.
    """
    question = io.BytesIO()
    write_message(question, {"detector_bytes": len(detector)}, detector + landmarks)
    argv = [sys.executable, "-P", "-m", "rehabctl.vision.model_build"]
    done = subprocess.run(  # noqa: S603 - no outside text in it
        argv, input=question.getvalue(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        check=False,
    )  # fmt: skip
    answer = read_message(io.BytesIO(done.stdout))
    if done.returncode != 0 or answer is None:
        raise RehabctlError("the pose model could not be built", "Run `rehabctl doctor`")
    return answer[1]


def build(detector: bytes, landmarks: bytes, *, pixel_range: float = PIXEL_RANGE) -> bytes:
    """Return the bundle of both networks.

    Parameters
    ----------
    detector, landmarks
        The two TFLite files.
    pixel_range
        What pixels are divided by; another value than 255 makes a model that finds garbage.
    """
    return _bundle(detector, _with_metadata(landmarks, _input_metadata(pixel_range)))


def _input_metadata(pixel_range: float) -> bytes:
    import flatbuffers
    from mediapipe.tasks.metadata import metadata_schema_py_generated as schema

    normalization = schema.NormalizationOptionsT()
    normalization.mean, normalization.std = [0.0], [pixel_range]
    unit = schema.ProcessUnitT()
    unit.optionsType = schema.ProcessUnitOptions.NormalizationOptions
    unit.options = normalization
    properties = schema.ImagePropertiesT()
    properties.colorSpace = schema.ColorSpaceType.RGB
    content = schema.ContentT()
    content.contentPropertiesType = schema.ContentProperties.ImageProperties
    content.contentProperties = properties
    stats = schema.StatsT()
    stats.max, stats.min = [1.0], [0.0]
    image = schema.TensorMetadataT()
    image.name, image.content, image.processUnits, image.stats = "image", content, [unit], stats
    graph = schema.SubGraphMetadataT()
    graph.inputTensorMetadata = [image]
    graph.outputTensorMetadata = []
    for name in _OUTPUTS:
        output = schema.TensorMetadataT()
        output.name = name
        graph.outputTensorMetadata.append(output)
    model = schema.ModelMetadataT()
    model.name, model.subgraphMetadata = "PoseLandmarker", [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"M001")
    return bytes(builder.Output())


def _with_metadata(tflite: bytes, metadata: bytes) -> bytes:
    import flatbuffers
    from mediapipe.tasks.metadata import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(tflite, 0))
    buffer = schema.BufferT()
    buffer.data = list(metadata)
    model.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name, entry.buffer = _METADATA, len(model.buffers) - 1
    before = cast("list[Any]", model.metadata or [])  # their names are bytes, not text as declared
    others = [old for old in before if old.name != _METADATA.encode()]
    model.metadata = [*others, entry]
    builder = flatbuffers.Builder(len(tflite) + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _bundle(detector: bytes, landmarks: bytes) -> bytes:
    """Zip without compression and dates, each file aligned so that it can be mapped."""
    out = io.BytesIO()
    files = {"pose_detector.tflite": detector, "pose_landmarks_detector.tflite": landmarks}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as bundle:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o644 << 16
            padding = -(out.tell() + _LOCAL_HEADER + len(name) + _FIELD_HEADER) % _ALIGNMENT
            info.extra = _ALIGNMENT_FIELD + padding.to_bytes(2, "little") + b"\0" * padding
            bundle.writestr(info, data)
    return out.getvalue()


def main() -> None:
    """Build one model from standard input to standard output."""
    answers = take_over_output()
    refuse_network()
    question = read_message(sys.stdin.buffer)
    if question is None:
        sys.exit(1)
    header, networks = question
    split = header["detector_bytes"]
    write_message(answers, {}, build(networks[:split], networks[split:]))


if __name__ == "__main__":
    main()
