"""Cases one after the other in this process: reading, the network and writing overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cardiac.apps.batch.result import Result
    from cardiac.apps.batch.work import Progress, Work
    from cardiac.io import InputItem
    from cardiac.segmentation.segmenter import Segmenter


def work_overlapping(
    work: Work,
    todo: Sequence[InputItem],
    segmenter: Segmenter,
    begun: Callable[[InputItem], None],
) -> Iterator[tuple[InputItem, Result]]:
    """Work on cases with at most three of them in memory: one read, one segmented, one written.

    Args:
        work: What is the same for every case.
        todo: The cases.
        segmenter: The network.
        begun: Called before a case is read.

    Yields:
        Each case when it is finished, and its result.

    Raises:
        WeightsError: The network cannot be used.
    """
    if not todo:
        return
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:

        def read(item: InputItem) -> Future[Progress]:
            begun(item)
            return reader.submit(work.read, item)

        reading = read(todo[0])
        saving: tuple[InputItem, Future[Result]] | None = None
        for item, after in zip(todo, [*todo[1:], None], strict=True):
            case = work.segment(reading.result(), segmenter)
            if after is not None:
                reading = read(after)
            if saving is not None:
                yield saving[0], saving[1].result()
            saving = item, writer.submit(work.save, case)
        if saving is not None:
            yield saving[0], saving[1].result()
