"""How one root is followed: by events of the system, else by polling. Settles nothing.

What events do not tell of is compared once a second (`Pulse`); polling sees it by itself.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Literal

from embedingest.ingest.watch.events import Changes, NoEventsError, TreeEvents
from embedingest.ingest.watch.filesystem import explain_limit, filesystem_of, is_remote
from embedingest.ingest.watch.folder_watches import FolderWatches
from embedingest.ingest.watch.inotify import is_available
from embedingest.ingest.watch.poll import Polled, Poller
from embedingest.ingest.watch.pulse import Pulse
from embedingest.ingest.watch.values import Notice

if TYPE_CHECKING:
    import queue
    from collections.abc import Callable, Iterable

    from embedingest.ingest.scan.scanner import Scanner
    from embedingest.ingest.watch.events import EventSource
    from embedingest.ingest.watch.values import WatchSettings

__all__ = ["Subscription"]

_BUSY_FACTOR: Final = 10
"""Polling takes at most about one part in so many of the time."""


class Subscription:
    """The watch over one root: a source of events and a pulse, or a poller. `mode` says how changes are noticed now.

    Belongs to one thread. That events have come is told in `inbox`, and `take` has them. `beat` is to be called once
    a second, `poll` once `poll_due` has come. All times are seconds of one clock that never goes back.
    """

    def __init__(
        self,
        scanner: Scanner,
        settings: WatchSettings,
        inbox: queue.SimpleQueue[object],
        on_notice: Callable[[Notice], None],
    ) -> None:
        self.mode: Literal["events", "polling"] = "events"
        self._scanner: Final = scanner
        self._settings: Final = settings
        self._inbox: Final = inbox
        self._on_notice: Final = on_notice
        self._source: EventSource | None = None
        self._pulse: Pulse | None = None
        self._poller: Poller | None = None
        self._poll_due = 0.0
        self._fallen_for = ""  # why no events could be had when they were last asked for

    # -- beginning and end

    def begin(self) -> list[str]:
        """Follow a root that is there now and was not, or was another; answers as `extend`."""
        self.end()
        return self.arm()

    def arm(self) -> list[str]:
        """Follow every folder there is anew, by events where they can be had, else by polling; answers as `extend`."""
        self._drop_source()
        polling = self._settings.polling
        kind = filesystem_of(self._scanner.root) if polling is None else ""
        if polling:
            self._look_from_now_on()
            return []
        if is_remote(kind):
            self._fall_back(f"`{self._scanner.root}` lies on {kind}, which tells of no changes; looking instead")
            return []
        return self._follow([""])

    def extend(self, folders: Iterable[str]) -> list[str]:
        """Follow what lies below these folders too.

        The answer is the folders to look at again once they rest: they come and go faster than they can be listed.
        """
        return self._follow(folders) if self.mode == "events" else []

    def restart(self) -> None:
        """Events were lost: from the next `extend` on everything is followed anew."""
        if self.mode == "events":
            self._drop_source()

    def end(self) -> None:
        """Stop watching and forget every folder."""
        self._drop_source()
        self._poller = None

    def broke(self, source: EventSource) -> bool:
        """A source ended by itself; whether it was the present one, so that the watch is to be armed anew."""
        return source is self._source

    # -- what events say

    def take(self, source: EventSource) -> Changes:
        """What has changed, when this source said so; nothing if it is not the present one."""
        return self._source.take() if self._source is source else Changes(set(), {})

    def beat(self, now: float) -> set[str]:
        """The paths that have changed of those that no event tells of."""
        return set() if self._pulse is None else self._pulse.beat(now)

    def renew(self, folder: str) -> None:
        """There is a folder at this path: it came, or something befell it."""
        if self._source is not None:
            self._source.renew(folder)

    def forget(self, relative: str) -> None:
        """There is no folder and no link at this path."""
        if self._source is not None:
            self._source.forget(relative)

    def add_link(self, relative: str) -> None:
        """There is a symbolic link at this path: what it shows changes under this name too."""
        if self._source is not None:
            self._source.add_link(relative)

    def _follow(self, folders: Iterable[str]) -> list[str]:
        try:
            if self._source is None:
                self._pulse, folders = Pulse(self._scanner), [""]
                self._source = self._open_source(self._pulse)
            unrest = self._source.extend(folders)
        except NoEventsError as error:
            reason = explain_limit(str(error), error.folders) or str(error)
            root, seconds = self._scanner.root, self._settings.poll_seconds
            self._fall_back(f"no events for `{root}`, looking every {seconds:g} s instead: {reason}")
            return []
        self.mode, self._poller, self._fallen_for = "events", None, ""
        return unrest

    def _open_source(self, pulse: Pulse) -> EventSource:
        if is_available():
            return FolderWatches(self._scanner, pulse, self._inbox)
        base = os.path.abspath(self._scanner.root).rstrip("/")
        return TreeEvents(base, self._inbox, single_file=not os.path.isdir(base or "/"))

    def _drop_source(self) -> None:
        if self._source is not None:
            self._source.close()
        if self._pulse is not None:
            self._pulse.close()
        self._source = self._pulse = None

    # -- polling

    @property
    def poll_due(self) -> float | None:
        """When `poll` is to be called; `None` where nothing is polled."""
        return None if self._poller is None else self._poll_due

    def poll(self, now: float) -> Polled:
        """What changed since the last call."""
        if self._poller is None:
            return Polled([], [])
        polled, busy_seconds = self._poller.poll(), self._poller.busy_seconds
        self._poll_due = now + busy_seconds + max(self._settings.poll_seconds, _BUSY_FACTOR * busy_seconds)
        return polled

    def _look_from_now_on(self) -> None:
        self.mode = "polling"
        if self._pulse is None:
            self._pulse = Pulse(self._scanner)  # of mounts and outer rules only
        if self._poller is None:
            self._poller = Poller(self._scanner)
            self._poller.poll()

    def _fall_back(self, message: str) -> None:
        """Look instead, until the next `arm` has events again."""
        self._drop_source()
        if message != self._fallen_for:
            self._fallen_for = message
            self._on_notice(Notice(self._scanner.root, "polling", message))
        self._look_from_now_on()
