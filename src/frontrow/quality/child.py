"""Where the decoding child begins: it reads compiled loops from the cache and never writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from frontrow.media.child import Context


def watch(context: Context, path: str, since_s: dict[str, float], networks: bool) -> dict[str, Any]:
    """`desk.watch` where no file may be written.

    The parent has filled the cache; what it lacks all the same (another shape of array, an update meanwhile) is
    compiled here and forgotten, where Numba would end the child for a cache that it cannot write.
    """
    from numba.core import caching, dispatcher

    class ReadOnlyCache(caching.FunctionCache):  # type: ignore[misc, unused-ignore]
        def save_overload(self, sig: Any, data: Any) -> None:
            """Nothing is kept."""

    dispatcher.FunctionCache = ReadOnlyCache  # type: ignore[attr-defined, unused-ignore]
    from frontrow.quality import desk  # only now: its meters make their caches when they are imported

    return desk.watch(context, path, since_s, networks)
