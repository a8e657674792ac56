"""What this machine's processor can do. Knows no model and imports nothing heavy."""

from __future__ import annotations

import contextlib
import os
import platform
from functools import lru_cache
from pathlib import Path
from typing import Final

__all__ = ["available_bytes", "cores", "flags", "gpu_present"]

_GROUP: Final = Path("/sys/fs/cgroup")  # as a container sees its own

# Those that change which kernels run. Caches are kept by them: any other flag would make them differ for no reason.
_KERNEL_FLAGS: Final = frozenset(
    ("avx", "avx2", "fma", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile",
     "amx_bf16", "amx_fp16", "amx_int8", "avx_vnni", "asimd", "asimdhp", "asimddp", "bf16", "i8mm", "sve")
)  # fmt: skip


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


@lru_cache(maxsize=1)
def flags() -> tuple[str, ...]:
    """The instruction sets that matter to a matrix product, sorted; the processor's name where none are listed."""
    try:
        with Path("/proc/cpuinfo").open(encoding="ascii", errors="replace") as lines:
            line = next(line for line in lines if line.startswith(("flags", "Features")))
        known = _KERNEL_FLAGS.intersection(line.partition(":")[2].split())
    except (OSError, StopIteration):
        return (platform.machine(), platform.processor())
    return (platform.machine(), *sorted(known))


def available_bytes() -> int:
    """Memory that programs may still take without pushing others out, within the limit of this one's control group."""
    import psutil

    available = int(psutil.virtual_memory().available)
    with contextlib.suppress(OSError, ValueError):  # no such limit
        limit, taken = (int((_GROUP / name).read_text("ascii")) for name in ("memory.max", "memory.current"))
        available = min(available, max(0, limit - taken + _unused_cache_bytes()))
    return available


def _unused_cache_bytes() -> int:
    """Of the files that the control group has in memory, and that count as taken, what nobody used of late."""
    facts = dict(line.split() for line in (_GROUP / "memory.stat").read_text("ascii").splitlines())
    return int(facts.get("inactive_file", 0))


def gpu_present() -> bool:
    """Whether there is a driver for a GPU that torch may use, without importing torch."""
    return any(Path(node).exists() for node in ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg"))
