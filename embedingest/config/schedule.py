"""When a scheduled pipeline runs: `every 15m`, `hourly`, `daily 03:00`. Knows no clock of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from embedingest.durations import DurationError, parse_duration

__all__ = ["Schedule", "parse_schedule"]

_DAILY: Final = re.compile(r"daily\s+([01]?\d|2[0-3]):([0-5]\d)")
_LEAST: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Either an interval, or a time of day (local)."""

    interval: timedelta | None = None
    at: time | None = None

    def following(self, now: datetime) -> datetime:
        """The first run after `now`, which is the end of the last one."""
        if self.interval is not None:
            return now + self.interval
        assert self.at is not None
        today = now.replace(hour=self.at.hour, minute=self.at.minute, second=0, microsecond=0)
        return today if today > now else today + timedelta(days=1)


def parse_schedule(text: str) -> Schedule:
    """Raises ValueError that shows the forms."""
    words = text.strip().lower()
    if words == "hourly":
        return Schedule(interval=timedelta(hours=1))
    if match := _DAILY.fullmatch(words):
        return Schedule(at=time(int(match[1]), int(match[2])))
    if words.startswith("every "):
        try:
            interval = timedelta(seconds=parse_duration(words.removeprefix("every ").strip()))
        except (DurationError, OverflowError):
            interval = timedelta(0)
        if interval >= _LEAST:
            return Schedule(interval=interval)
    raise ValueError(f"`{text}` is no schedule; write `every 15m`, `hourly` or `daily 03:00`")
