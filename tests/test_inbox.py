"""What is waited for with a bound is waited for no longer, though a signal takes the rest of the time."""

from __future__ import annotations

import queue
import signal
import threading
import time

import pytest

from embedingest.inbox import Inbox

SECONDS = 0.2


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="no signal can be sent to a thread here")
def test_a_handler_that_outlasts_a_wait_does_not_make_it_endless():
    handled = []
    began = time.monotonic()

    def slow(number, frame):
        while time.monotonic() < began + 2 * SECONDS:
            handled.append(number)

    before = signal.signal(signal.SIGUSR1, slow)
    sender = threading.Timer(SECONDS / 4, signal.pthread_kill, [threading.get_ident(), signal.SIGUSR1])
    sender.start()
    try:
        with pytest.raises(queue.Empty):
            Inbox().get(timeout=SECONDS)
    finally:
        sender.join()
        signal.signal(signal.SIGUSR1, before)
    assert handled


def test_what_is_put_in_comes_out_in_its_order():
    inbox = Inbox()
    for number in range(3):
        inbox.put(number)
    assert [inbox.get(timeout=SECONDS) for _ in range(3)] == [0, 1, 2]
