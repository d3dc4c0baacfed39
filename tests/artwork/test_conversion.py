"""Weights out of PyTorch's old format, read without unpickling."""

from __future__ import annotations

import numpy as np
import pytest

from frontrow.artwork.conversion import read_weights
from frontrow.errors import FetchFailed

HEAD = 3 * b"\x80\x02K\x01."


def text(value: str) -> bytes:
    return b"X" + len(value).to_bytes(4, "little") + value.encode()


def weights(storage: bytes = b"ctorch\nFloatStorage\n", last: bytes = b"") -> bytes:
    """A file that holds one tensor `w` of 2 x 2 with strides (1, 2), its storage 0, 1, 2, 3."""
    stored = b"(" + text("storage") + storage + text("key") + text("cpu") + b"K\x04Nt" + b"Q"
    shape = b"K\x02K\x02\x86" + b"K\x01K\x02\x86"
    tensor = (
        b"ctorch._utils\n_rebuild_tensor_v2\n("
        + stored
        + b"K\x00"
        + shape
        + b"\x89ccollections\nOrderedDict\n)Rt"
        + b"R"
    )
    state = b"\x80\x02ccollections\nOrderedDict\n)R" + text("w") + tensor + b"s" + last + b"."
    keys = b"\x80\x02](" + text("key") + b"e."
    return HEAD + state + keys + (4).to_bytes(8, "little") + np.arange(4, dtype="<f4").tobytes()


def test_a_tensor_keeps_its_strides() -> None:
    assert read_weights(weights())["w"].tolist() == [[0, 2], [1, 3]]


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"\x80\x02cos\nsystem\n(" + text("echo hacked") + b"tR.",
        HEAD + b"\x80\x02cbuiltins\neval\n(" + text("1") + b"tR.",
        weights(b"cos\nsystem\n"),
        weights()[:-8],
        b"not a pickle",
    ],
)
def test_anything_but_tensors_is_refused_and_nothing_runs(data: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FetchFailed, match="not in the expected form"):
        read_weights(data)
    assert "hacked" not in capfd.readouterr().out
