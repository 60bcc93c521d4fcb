"""An ONNX model written by hand: the few messages of onnx.proto that a model of known shape needs.

Field numbers: github.com/onnx/onnx, onnx/onnx.proto. Weights are not copied into the model: they are named as external
data, so that the runtime maps them from their file.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from enum import IntEnum

IR_VERSION, OPSET = 10, 20  # 20 is the first with Gelu
MICROSOFT = "com.microsoft"  # the runtime's own operators, of which MultiHeadAttention is one

_LENGTH_DELIMITED, _FIXED32 = 2, 5  # wire types


class Kind(IntEnum):
    """TensorProto.DataType."""

    FLOAT = 1
    INT32 = 6
    INT64 = 7


def node(operator: str, inputs: Sequence[str], output: str, *, domain: str = "", **attributes: float | int) -> bytes:
    named = (_field(5, _attribute(name, value)) for name, value in attributes.items())
    return b"".join(
        (
            *(_field(1, name) for name in inputs),
            _field(2, output),
            _field(4, operator),
            *named,
            _field(7, domain) if domain else b"",
        )
    )


def integers(name: str, values: Sequence[int], *, scalar: bool = False) -> bytes:
    """A constant of 64-bit integers."""
    shape = b"" if scalar else _field(1, len(values))
    return shape + _field(2, Kind.INT64) + _field(8, name) + _field(9, struct.pack(f"<{len(values)}q", *values))


def external(name: str, shape: Sequence[int], file: str, offset: int, length: int) -> bytes:
    """A constant of 32-bit floats that lies in `file`, beside the model."""
    where = {"location": file, "offset": str(offset), "length": str(length)}
    entries = b"".join(_field(13, _field(1, key) + _field(2, value)) for key, value in where.items())
    sizes = b"".join(_field(1, size) for size in shape)
    return sizes + _field(2, Kind.FLOAT) + _field(8, name) + entries + _field(14, 1)


def value(name: str, kind: Kind, dimensions: Sequence[str | int]) -> bytes:
    """What goes in or comes out; a dimension without a fixed size has a name."""
    sizes = b"".join(_field(1, _field(2 if isinstance(size, str) else 1, size)) for size in dimensions)
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + _field(2, sizes)))


def model(
    nodes: Sequence[bytes], constants: Sequence[bytes], inputs: Sequence[bytes], outputs: Sequence[bytes]
) -> bytes:
    parts = ((1, nodes), (5, constants), (11, inputs), (12, outputs))
    graph = _field(2, "model") + b"".join(_field(number, each) for number, group in parts for each in group)
    opsets = _field(8, _field(1, "") + _field(2, OPSET)) + _field(8, _field(1, MICROSOFT) + _field(2, 1))
    return _field(1, IR_VERSION) + _field(7, graph) + opsets


def _attribute(name: str, given: float | int) -> bytes:
    if isinstance(given, float):
        return _field(1, name) + _varint(2 << 3 | _FIXED32) + struct.pack("<f", given) + _field(20, 1)
    return _field(1, name) + _field(3, given) + _field(20, 2)


def _field(number: int, content: str | bytes | int) -> bytes:
    if isinstance(content, int):
        return _varint(number << 3) + _varint(content)
    data = content.encode() if isinstance(content, str) else content
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    """Seven bits a byte, lowest first; negative numbers as 64-bit two's complement."""
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
