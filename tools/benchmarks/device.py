"""What depends on the device: its clock, its memory, and how fast it multiplies."""

import gc
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

# TF32 is how NVIDIA's GPUs may multiply float32: with 10 bits of the fraction.
PRECISIONS = dict(
    float32=torch.float32,
    TF32=torch.float32,
    bfloat16=torch.bfloat16,
    float16=torch.float16,
)


def seconds_of(function: Callable[[], object]) -> float:
    """The time that a call takes, with all that it leaves to a GPU."""
    start = _now()
    function()
    return _now() - start


def _now() -> float:
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
    return time.perf_counter()


@contextmanager
def peak_memory(device: str) -> Iterator[Callable[[], float]]:
    """Yield a function for the peak of memory since then, in megabytes.

    That of this process as Linux knows it, or of the tensors on a GPU.
    """
    if device == 'cpu':
        Path('/proc/self/clear_refs').write_text('5')  # forgets the peak until now
        start = _status('VmRSS')
        yield lambda: _status('VmHWM') - start
    else:
        gc.collect()  # what an earlier form has left
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
        start = torch.cuda.memory_allocated(device)
        yield lambda: (torch.cuda.max_memory_allocated(device) - start) / 1e6


def _status(name: str) -> float:
    """Memory of this process in megabytes, as Linux knows it."""
    text = Path('/proc/self/status').read_text()
    return int(re.search(rf'{name}:\s+(\d+) kB', text).group(1)) * 1024 / 1e6


@contextmanager
def tf32(allowed: bool) -> Iterator[None]:
    """Let a GPU multiply float32 as TF32, or not; PyTorch's default is in between."""
    backends = torch.backends.cuda.matmul, torch.backends.cudnn
    before = [backend.allow_tf32 for backend in backends]
    for backend in backends:
        backend.allow_tf32 = allowed
    try:
        yield
    finally:
        for backend, was_allowed in zip(backends, before):
            backend.allow_tf32 = was_allowed


def matrix_rate(device: str, precision: str, side: int = 8192) -> float:
    """Operations a second of large products, in 1e12: what can be reached at best."""
    dtype, times = PRECISIONS[precision], 10
    left, right = torch.randn(2, side, side, device=device).to(dtype)
    out = left @ right
    with tf32(precision == 'TF32'):
        torch.mm(left, right, out=out)
        seconds = seconds_of(
            lambda: [torch.mm(left, right, out=out) for _ in range(times)]
        )
    return 2 * side**3 * times / seconds / 1e12


def count_operations(function: Callable[[], object]) -> int:
    """How many operations its convolutions and matrix products need."""
    with FlopCounterMode(display=False) as counter:
        function()
    return counter.get_total_flops()
