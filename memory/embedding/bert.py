"""The network of all-MiniLM-L6-v2 as an ONNX model over the weights' own file: six layers, mean pooling, length one.

Input: `ids` and `mask` (texts x places), `places` (0, 1, 2, ...). Output: `vectors` (texts x 384).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from memory.embedding.model_files import WEIGHTS, Weight
from memory.embedding.onnx import MICROSOFT, Kind, external, integers, model, node, value
from memory.embedding.vector import DIMENSIONS

LAYERS, HEADS = 6, 12  # config.json of the model
EPSILON = 1e-12  # layer_norm_eps there
FLAT, CUBE = "flat", "cube"  # (tokens, 384) for the dense layers, (texts, places, 384) for attention


def build(weights: Mapping[str, Weight]) -> bytes:
    return _Graph(weights).model()


class _Graph:
    def __init__(self, weights: Mapping[str, Weight]) -> None:
        self._weights = weights
        self._nodes: list[bytes] = []
        self._used: dict[str, bytes] = {}

    def model(self) -> bytes:
        found = self._embedded()
        for layer in range(LAYERS):
            found = self._layer(f"encoder.layer.{layer}.", found)
        self._pooled(found)
        given = (
            value("ids", Kind.INT64, ("texts", "length")),
            value("places", Kind.INT64, ("length",)),
            value("mask", Kind.INT32, ("texts", "length")),
        )
        constants = [
            integers(FLAT, (-1, DIMENSIONS)),
            integers("width", (DIMENSIONS,)),
            integers("zero", (0,), scalar=True),
            integers("one", (1,)),
            integers("two", (2,)),
            *self._used.values(),
        ]
        return model(self._nodes, constants, given, [value("vectors", Kind.FLOAT, ("texts", DIMENSIONS))])

    def _embedded(self) -> str:
        parts = (("word", "ids"), ("position", "places"), ("token_type", "zero"))
        looked_up = [
            self._add("Gather", (self._weight(f"embeddings.{name}_embeddings.weight"), by), name) for name, by in parts
        ]
        total = looked_up[0]
        for _, part in pairwise(looked_up):
            total = self._add("Add", (total, part), f"{total}+{part}")
        self._add("Concat", (self._add("Shape", ("ids",), "texts_and_length"), "width"), CUBE, axis=0)
        return self._normed(self._add("Reshape", (total, FLAT), "tokens"), "embeddings.LayerNorm")

    def _layer(self, prefix: str, given: str) -> str:
        asked = [
            self._add("Reshape", (self._dense(given, f"{prefix}attention.self.{role}"), CUBE), f"{prefix}{role}")
            for role in ("query", "key", "value")
        ]
        seen = self._add("MultiHeadAttention", (*asked, "", "mask"), f"{prefix}seen", domain=MICROSOFT, num_heads=HEADS)
        context = self._add("Reshape", (seen, FLAT), f"{prefix}context")
        attended = self._dense(context, f"{prefix}attention.output.dense")
        middle = self._joined(attended, given, f"{prefix}attention.output.LayerNorm")
        wide = self._add("Gelu", (self._dense(middle, f"{prefix}intermediate.dense"),), f"{prefix}gelu")
        return self._joined(self._dense(wide, f"{prefix}output.dense"), middle, f"{prefix}output.LayerNorm")

    def _pooled(self, given: str) -> None:
        cube = self._add("Reshape", (given, CUBE), "last")
        mask = self._add("Cast", ("mask",), "mask_as_floats", to=int(Kind.FLOAT))
        kept = self._add("Mul", (cube, self._add("Unsqueeze", (mask, "two"), "mask_of_tokens")), "kept")
        # The mean and the sum point the same way; the length is made one after it.
        self._add(
            "LpNormalization", (self._add("ReduceSum", (kept, "one"), "sum", keepdims=0),), "vectors", axis=1, p=2
        )

    def _dense(self, given: str, name: str) -> str:
        inputs = (given, self._weight(f"{name}.weight"), self._weight(f"{name}.bias"))
        return self._add("Gemm", inputs, f"{name}.out", transB=1)

    def _joined(self, new: str, old: str, norm: str) -> str:
        return self._normed(self._add("Add", (new, old), f"{norm}.in"), norm)

    def _normed(self, given: str, name: str) -> str:
        inputs = (given, self._weight(f"{name}.weight"), self._weight(f"{name}.bias"))
        return self._add("LayerNormalization", inputs, f"{name}.out", axis=-1, epsilon=EPSILON)

    def _weight(self, name: str) -> str:
        weight = self._weights[name]
        self._used[name] = external(name, weight.shape, WEIGHTS, weight.offset, weight.length)
        return name

    def _add(
        self, operator: str, inputs: tuple[str, ...], output: str, *, domain: str = "", **attributes: float | int
    ) -> str:
        self._nodes.append(node(operator, inputs, output, domain=domain, **attributes))
        return output
