"""Networks made ready to run: fixed inputs made free, and weights out of PyTorch's old file format put into ONNX.

The weights file is a sequence of pickles. They are never unpickled: their operations are read one by one, and only
those that build dicts of tensors are understood, so nothing in the file can run.
"""

from __future__ import annotations

import io
import pickletools
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from frontrow.errors import FetchFailed

Floats = NDArray[np.float32]

_DTYPES: Final = {"torch FloatStorage": "<f4", "torch LongStorage": "<i8"}
_REBUILD: Final = "torch._utils _rebuild_tensor_v2"
# EfficientNet-lite0 (Tan and Le 2019, its mobile form): blocks, kernel, stride of the first, widening, output channels.
_STAGES: Final = (
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)  # fmt: skip
_EPSILON: Final = 1e-3


def free_inputs(network: bytes) -> bytes:
    """CenterFace's network (ONNX) with height and width left open; as published it takes one size only."""
    import onnx

    model = onnx.load_from_string(network)
    weights = {x.name for x in model.graph.initializer}
    inputs = [x for x in model.graph.input if x.name not in weights]
    del model.graph.input[:]
    del model.graph.value_info[:]
    model.graph.input.extend(inputs)
    for value in [*model.graph.input, *model.graph.output]:
        sides = value.type.tensor_type.shape.dim
        sides[0].dim_value = 1
        for place, name in ((2, "height"), (3, "width")):
            sides[place].ClearField("dim_value")
            sides[place].dim_param = f"{value.name}_{name}"
    return bytes(model.SerializeToString())


def efficientnet_lite0(file: bytes) -> bytes:
    """EfficientNet-lite0 up to its pooled features as ONNX, batch norms folded into the convolutions.

    `file` holds its weights in PyTorch's old format. Raises FetchFailed for any other.
    """
    from onnx import TensorProto, helper, numpy_helper

    weights = read_weights(file)
    nodes: list[Any] = []
    tensors: list[Any] = []
    limits = [("zero", 0.0), ("six", 6.0)]
    tensors += [numpy_helper.from_array(np.array(value, np.float32), name) for name, value in limits]

    def convolve(x: str, conv: str, norm: str, stride: int, groups: int, *, clip: bool) -> str:
        kernel, bias = _folded(weights, conv, norm)
        tensors.extend([numpy_helper.from_array(kernel, conv), numpy_helper.from_array(bias, norm)])
        attributes: dict[str, Any] = {"strides": [stride, stride], "group": groups, "auto_pad": "SAME_UPPER"}
        nodes.append(helper.make_node("Conv", [x, conv, norm], [f"{conv}_out"], **attributes))
        if not clip:
            return f"{conv}_out"
        nodes.append(helper.make_node("Clip", [f"{conv}_out", "zero", "six"], [f"{conv}_clipped"]))
        return f"{conv}_clipped"

    x = convolve("picture", "_conv_stem", "_bn0", 2, 1, clip=True)
    number, channels = 0, 32
    for blocks, _, first_stride, widening, out_channels in _STAGES:
        for block in range(blocks):
            prefix, before = f"_blocks.{number}.", x
            stride = first_stride if block == 0 else 1
            if widening > 1:
                x = convolve(x, f"{prefix}_expand_conv", f"{prefix}_bn0", 1, 1, clip=True)
            wide = channels * widening
            x = convolve(x, f"{prefix}_depthwise_conv", f"{prefix}_bn1", stride, wide, clip=True)
            x = convolve(x, f"{prefix}_project_conv", f"{prefix}_bn2", 1, 1, clip=False)
            if stride == 1 and channels == out_channels:
                nodes.append(helper.make_node("Add", [x, before], [f"{prefix}sum"]))
                x = f"{prefix}sum"
            number, channels = number + 1, out_channels
    x = convolve(x, "_conv_head", "_bn1", 1, 1, clip=True)
    nodes.append(helper.make_node("GlobalAveragePool", [x], ["features"]))
    graph = helper.make_graph(
        nodes,
        "efficientnet-lite0",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, 224, 224])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 1280, 1, 1])],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return bytes(model.SerializeToString())


def read_weights(data: bytes) -> dict[str, NDArray[Any]]:
    """Name -> array of a state dict in PyTorch's format before 1.6. Raises FetchFailed for anything else in it."""
    stream = io.BytesIO(data)
    try:
        for _ in range(3):  # magic number, protocol, machine
            for _ in pickletools.genops(stream):
                pass
        state = _Reader().read(stream)
        keys = _Reader().read(stream)
        storages = {}
        for key in keys:
            (count,) = np.frombuffer(stream.read(8), "<i8")
            storages[key] = int(count), stream.tell()
            stream.seek(int(count) * _width(state, key), io.SEEK_CUR)
        return {name: _array(data, tensor, storages) for name, tensor in state.items()}
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise FetchFailed(f"the weights are not in the expected form: {error}") from None


@dataclass(frozen=True)
class _Storage:
    kind: str
    key: str


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Mark:
    pass


class _Reader:
    """A stack machine for the few operations that a dict of tensors needs; all others are refused."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def read(self, stream: io.BytesIO) -> Any:
        """What one pickle builds."""
        for operation, argument, _ in pickletools.genops(stream):
            self._do(operation.name, argument)
        return self._stack[-1]

    def _do(self, name: str, argument: Any) -> None:
        stack = self._stack
        if name in ("BINUNICODE", "BININT", "BININT1", "BININT2", "GLOBAL"):
            stack.append(argument)
        elif name in ("EMPTY_DICT", "EMPTY_LIST", "EMPTY_TUPLE"):
            stack.append({"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}[name]())
        elif name in ("NONE", "NEWFALSE", "NEWTRUE"):
            stack.append({"NONE": None, "NEWFALSE": False, "NEWTRUE": True}[name])
        elif name == "MARK":
            stack.append(_Mark())
        elif name in ("BINPUT", "LONG_BINPUT"):
            self._memo[argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(self._memo[argument])
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            count = int(name[-1])
            stack[-count:] = [tuple(stack[-count:])]
        elif name == "TUPLE":
            stack.append(tuple(self._since_mark()))
        elif name == "APPENDS":
            values = self._since_mark()
            stack[-1].extend(values)
        elif name in ("SETITEM", "SETITEMS"):
            flat = self._since_mark() if name == "SETITEMS" else [stack.pop(-2), stack.pop()]
            stack[-1].update(zip(flat[::2], flat[1::2], strict=True))
        elif name == "BINPERSID":
            _, kind, key, *_ = stack.pop()
            stack.append(_Storage(kind, key))
        elif name == "REDUCE":
            values, made = stack.pop(), stack.pop()
            stack.append(_Tensor(*values[:4]) if made == _REBUILD else self._dict(made))
        elif name == "BUILD":
            stack.pop()
        elif name not in ("PROTO", "STOP"):
            raise ValueError(f"operation {name}")

    def _since_mark(self) -> list[Any]:
        place = max(k for k, x in enumerate(self._stack) if isinstance(x, _Mark))
        values = self._stack[place + 1 :]
        del self._stack[place:]
        return values

    def _dict(self, made: Any) -> dict[str, Any]:
        if made != "collections OrderedDict":
            raise ValueError(f"a call of {made}")
        return {}


def _width(state: dict[str, _Tensor], key: str) -> int:
    kinds = {x.storage.key: x.storage.kind for x in state.values()}
    return np.dtype(_DTYPES[kinds[key]]).itemsize


def _array(data: bytes, tensor: _Tensor, storages: dict[str, tuple[int, int]]) -> NDArray[Any]:
    count, start = storages[tensor.storage.key]
    whole = np.frombuffer(data, _DTYPES[tensor.storage.kind], count, start)
    last = tensor.offset + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.strides, strict=True))
    if min((tensor.offset, *tensor.strides)) < 0 or last >= count:
        raise ValueError("a tensor reaches beyond its storage")
    steps = [step * whole.itemsize for step in tensor.strides]
    return np.lib.stride_tricks.as_strided(whole[tensor.offset :], tensor.shape, steps, writeable=False)


def _folded(weights: dict[str, NDArray[Any]], conv: str, norm: str) -> tuple[Floats, Floats]:
    """Kernel and bias of a convolution followed by a batch norm."""
    scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + _EPSILON)
    bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
    return (weights[f"{conv}.weight"] * scale[:, None, None, None]).astype(np.float32), bias.astype(np.float32)
