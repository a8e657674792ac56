"""A signal that the main thread would not hear of: another thread is given it, as happens while the main one begins to wait."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.depth import only_deep

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals are sent to threads of Unix alone"),
]

START = """
import hashlib, signal, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from embedingest.cli._interrupt import handled_elsewhere, interruptible, stop_on_signals
def sent(number):
    time.sleep(0.2)
    signal.pthread_kill(threading.get_ident(), number)
def send(number):
    threading.Thread(target=sent, args=(number,)).start()
"""
WAITING = """
with interruptible():
    send(signal.SIGINT)
    lock = threading.Lock()
    lock.acquire()
    try:
        lock.acquire()
    except KeyboardInterrupt:
        print("interrupted")
"""
STOPPING = """
with interruptible(), stop_on_signals() as stop:
    send(signal.{name})
    stop.wait(50)
    print(stop.is_set(), stop.interrupted)
"""
COMPUTING = """
with interruptible(), stop_on_signals() as stop:
    send(signal.SIGINT)
    hashlib.pbkdf2_hmac("sha512", b"a", b"b", 2_000_000)  # hears of nothing for a second or more
    time.sleep(0.5)
    print(stop.is_set(), stop.interrupted)
"""
OTHERS = """
heard = []
with interruptible():
    before = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    signal.raise_signal(signal.SIGINT)
    time.sleep(1)
    signal.signal(signal.SIGINT, before)
print(len(heard))
"""
OTHERS_FOR_A_MOMENT = """
heard = []
with interruptible():
    with handled_elsewhere():
        before = signal.signal(signal.SIGINT, lambda *_: heard.append(1))
        signal.raise_signal(signal.SIGINT)
        signal.signal(signal.SIGINT, before)  # as a server that is through before anybody asks who heard it
    time.sleep(1)
print(len(heard))
"""


def said(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", START + program], capture_output=True, text=True, timeout=55)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_who_waits_for_a_lock_is_interrupted():
    assert said(WAITING) == "interrupted"


@pytest.mark.parametrize(("name", "is_interrupted"), [("SIGINT", "True"), ("SIGTERM", "False")])
def test_a_run_is_stopped(name, is_interrupted):
    assert said(STOPPING.format(name=name)) == f"True {is_interrupted}"


@only_deep
def test_what_is_heard_late_is_heard_once():
    assert said(COMPUTING) == "True True"


def test_handlers_of_others_are_called_once():
    assert said(OTHERS) == "1"


def test_what_a_handler_heard_that_is_gone_by_then_is_not_sent_to_the_next():
    """A server's end was cut short so, under load: half a prepared model stayed."""
    assert said(OTHERS_FOR_A_MOMENT) == "1"
