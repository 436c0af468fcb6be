"""Work on tensors that stay where they are, captured once as a CUDA graph, and how long the device takes for it."""

import logging
import threading
from collections.abc import Callable
from time import perf_counter
from typing import Any

import torch

LOG = logging.getLogger(__name__)
WARM_UP = 2
_one_at_a_time = threading.Lock()


class Replayed:
    """A function of nothing that reads and writes tensors whose places never change.

    On CUDA the first calls run as they are (on a stream of their own, as a capture asks for), the next captures what
    it launches, and from then on that is launched as one. So the function must not look at a number on the device, nor
    bring one there: shapes, branches and python's own numbers stay as they were at the capture, and what it makes is
    lost. Random numbers are drawn before, outside. Where a capture fails, it says so once and runs uncaptured.
    """

    def __init__(self, work: Callable[[], None], device: torch.device):
        self.work, self.calls = work, 0
        self.capturable = device.type == "cuda"
        self.graph: torch.cuda.CUDAGraph | None = None

    @property
    def captured(self) -> bool:
        return self.graph is not None

    def __call__(self) -> None:
        if self.graph is not None:
            self.graph.replay()
        elif not self.capturable:
            self.work()
        elif self.calls < WARM_UP:
            self.calls += 1
            self._beside()
        else:
            self._capture()

    def _beside(self) -> None:
        here, beside = torch.cuda.current_stream(), torch.cuda.Stream()
        beside.wait_stream(here)
        with torch.cuda.stream(beside):
            self.work()
        here.wait_stream(beside)

    def _capture(self) -> None:
        """Record the launches, then make them. Other threads may go on using the card meanwhile."""
        graph = torch.cuda.CUDAGraph()
        try:
            with _one_at_a_time, torch.cuda.graph(graph, stream=torch.cuda.Stream(), capture_error_mode="thread_local"):
                self.work()
        except RuntimeError as error:
            LOG.warning("The work could not be captured as a CUDA graph and runs launch by launch: %s", error)
            self.capturable = False
            self.work()
            return
        self.graph = graph
        graph.replay()


class Stopwatch:
    """Seconds that the device spends on what is launched from here to `stop`; nothing waits for it meanwhile."""

    def __init__(self, device: torch.device):
        self.on_cuda = device.type == "cuda"
        self.begun = self.ended = self._mark()

    def _mark(self) -> Any:
        if not self.on_cuda:
            return perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    def stop(self) -> None:
        self.ended = self._mark()

    def seconds(self) -> float:
        """To be asked once the device is done with it all."""
        return self.begun.elapsed_time(self.ended) / 1000 if self.on_cuda else self.ended - self.begun
