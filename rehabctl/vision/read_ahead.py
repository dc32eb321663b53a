"""Runs an iterator in a thread of its own, a few items ahead of who reads it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

_POLL_S = 0.2


class _End:
    """The last item of the queue, with the error that ended the iterator, if any."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class _Feeder(Generic[T]):
    def __init__(self, items: Iterator[T], depth: int) -> None:
        self.queue: queue.Queue[T | _End] = queue.Queue(depth)
        self.stopped = threading.Event()
        self._items = items

    def run(self) -> None:
        try:
            for item in self._items:
                if not self._put(item):
                    return
            self._put(_End())
        except BaseException as error:  # noqa: BLE001 - raised again by the reader
            self._put(_End(error))

    def _put(self, item: T | _End) -> bool:
        while not self.stopped.is_set():
            try:
                self.queue.put(item, timeout=_POLL_S)
            except queue.Full:
                continue
            return True
        return False


def read_ahead(items: Iterator[T], *, depth: int) -> Generator[T]:
    """Yield the items in their order while a thread makes the next ones.

    An error in the iterator is raised here. Closing this generator ends the thread.

    Parameters
    ----------
    items
        Used by the thread alone.
    depth
        How many finished items may wait (bounds the memory).
    """
    feeder = _Feeder(items, depth)
    thread = threading.Thread(target=feeder.run, daemon=True)
    thread.start()
    try:
        while True:
            item = feeder.queue.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        feeder.stopped.set()
        thread.join()
