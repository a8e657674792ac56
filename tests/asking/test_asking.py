"""A question and its answer, and what may be in the way: nobody, the dead, the frozen, strangers, long paths."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

from embedingest.asking import client
from embedingest.asking.address import MOST_QUESTION_BYTES, Address
from embedingest.asking.client import ask
from embedingest.asking.listener import listening

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sockets in folders are Unix's")


@pytest.fixture
def address(tmp_path):
    return Address(tmp_path, "chunks-12345678.sqlite")


def echo(question):
    return {"asked": question["word"]}


def test_who_asks_is_answered_and_hears_nothing_once_the_program_ended(address):
    with listening(address, echo) as can:
        assert can
        assert [ask(address, {"word": word}) for word in ("walrus", "naïve \ud800")] == [
            {"asked": "walrus"},
            {"asked": "naïve \ud800"},
        ]
    assert ask(address, {"word": "walrus"}) is None
    assert not address.path.exists()


def test_what_is_refused_or_fails_is_left_to_who_asks(address):
    def answer(question):
        return {"word": 1}[question["word"]] if question["word"] else None

    with listening(address, answer):
        assert [ask(address, {"word": word}) for word in ("", "no such", "word")] == [None, None, 1]


def test_a_question_that_is_too_long_is_not_asked(address):
    with listening(address, echo):
        assert ask(address, {"word": "x" * MOST_QUESTION_BYTES}) is None
        assert ask(address, {"word": "x" * 100_000}) == {"asked": "x" * 100_000}


def test_folder_and_socket_are_for_their_owner_alone(address):
    address.folder.mkdir(mode=0o755)
    with listening(address, echo) as can:
        assert can
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (address.folder, address.path, address.lock)]
        assert modes == [0o700, 0o600, 0o600]


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root becomes somebody else")
def test_another_user_cannot_ask(address, open_path):
    address = Address(open_path, "chunks")
    with listening(address, echo):
        code = f"import os, socket\nos.setuid(65534)\nsocket.socket(socket.AF_UNIX).connect({str(address.path)!r})"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert "PermissionError" in done.stderr


def test_a_socket_of_somebody_else_is_not_asked(address, monkeypatch):
    with listening(address, echo):
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        assert ask(address, {"word": "walrus"}) is None


def test_the_first_keeps_the_place_and_others_go_on_without(address):
    with listening(address, echo) as first:
        with listening(address, lambda _: "second") as second:
            assert (first, second) == (True, False)
            assert ask(address, {"word": "walrus"}) == {"asked": "walrus"}
        assert ask(address, {"word": "walrus"}) == {"asked": "walrus"}
    with listening(address, lambda _: "third") as third:
        assert (third, ask(address, {})) == (True, "third")


def test_who_ends_after_its_folder_was_replaced_leaves_the_place_of_the_next(address):
    with listening(address, echo):
        shutil.rmtree(address.folder)
        assert ask(address, {"word": "walrus"}) is None
        following = listening(address, lambda _: "next")
        assert following.__enter__()
    assert ask(address, {}) == "next"
    following.__exit__(None, None, None)


def test_a_path_of_any_length_is_reached(tmp_path):
    deep = tmp_path.joinpath(*["d" * 50] * 4)
    deep.mkdir(parents=True)
    address = Address(deep, "table" * 40)
    with listening(address, echo) as can:
        assert can == (sys.platform == "linux")
        assert ask(address, {"word": "walrus"}) == ({"asked": "walrus"} if can else None)


def test_who_was_killed_leaves_the_place_though_a_child_of_it_lives(address):
    program = (
        "import os, sys, time\nfrom pathlib import Path\nfrom embedingest.asking.address import Address\n"
        "from embedingest.asking.listener import listening\n"
        f"with listening(Address(Path({str(address.folder.parent)!r}), 'chunks-12345678.sqlite'), lambda _: 'dead'):\n"
        "    child = os.fork()\n"
        "    print(child, flush=True) if child else None\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        try:
            assert ask(address, {}) == "dead"
            parent.kill()
            parent.wait()
            assert address.path.exists()
            assert ask(address, {}) is None
            with listening(address, echo) as can:
                assert (can, ask(address, {"word": "walrus"})) == (True, {"asked": "walrus"})
        finally:
            os.kill(child, signal.SIGKILL)


def test_nobody_can_ask_where_descriptors_do_not_suffice(address, monkeypatch):
    def none_left():
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr("selectors.DefaultSelector", none_left)
        with listening(address, echo) as can:
            assert not can
            assert ask(address, {"word": "walrus"}) is None
    with listening(address, echo) as can:
        assert can


def test_who_is_frozen_is_not_waited_for(address, monkeypatch):
    monkeypatch.setattr(client, "SILENCE_SECONDS", 0.05)
    address.make_folder()
    with socket.socket(socket.AF_UNIX) as frozen:
        frozen.bind(str(address.path))
        frozen.listen(1)
        assert ask(address, {"word": "walrus"}) is None


def test_an_answer_that_takes_long_is_waited_for_by_its_signs_of_life(address):
    heard = threading.Event()
    with listening(address, lambda _: heard.wait(60)), socket.socket(socket.AF_UNIX) as asker:
        asker.connect(str(address.path))
        asker.sendall(b'{"word": 1}\n')
        assert asker.recv(1) == b"\n"
        heard.set()
        with asker.makefile("rb") as lines:
            assert json.loads(next(line for line in lines if line.strip())) == {"answer": True}


def test_who_leaves_in_the_midst_costs_nobody_anything(address):
    begun, go_on = threading.Event(), threading.Event()

    def answer(question):
        if question["word"] == "slow":
            begun.set()
            go_on.wait(60)
        return question["word"]

    with listening(address, answer):
        with socket.socket(socket.AF_UNIX) as asker:
            asker.connect(str(address.path))
            asker.sendall(b'{"word": "slow"}\n')
            begun.wait(60)
        assert ask(address, {"word": "next"}) == "next"
        go_on.set()


def test_who_waits_while_the_program_ends_does_the_work_itself(address):
    begun, go_on = threading.Event(), threading.Event()
    told = []

    def answer(_):
        begun.set()
        go_on.wait(60)

    with listening(address, answer):
        asker = threading.Thread(target=lambda: told.append(ask(address, {})))
        asker.start()
        begun.wait(60)
        threading.Timer(0.0, go_on.set).start()
    asker.join()
    assert told == [None]


def test_questions_that_wait_for_others_when_the_program_ends_are_left_to_who_asked(address):
    begun, go_on = threading.Semaphore(0), threading.Event()
    told = []

    def answer(_):
        begun.release()
        go_on.wait(60)

    with listening(address, answer):
        for _ in range(8):  # each leaves its answer to be made by one of as many threads
            with socket.socket(socket.AF_UNIX) as asker:
                asker.connect(str(address.path))
                asker.sendall(b"{}\n")
                begun.acquire(timeout=60)
        while not told:
            with (
                suppress(ConnectionError),
                socket.socket(socket.AF_UNIX) as waiting,
            ):  # until they were found to be gone
                waiting.connect(str(address.path))
                waiting.sendall(b"{}\n")
                if waiting.recv(1) == b"\n":
                    asker = waiting.dup()
                    told.append("waits")
        heard = threading.Thread(target=lambda: (told.append(asker.recv(100).strip()), go_on.set()))
        heard.start()
    heard.join()
    asker.close()
    assert told == ["waits", b""]


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_a_program_without_descriptors_waits_and_then_answers(address):
    program = (
        "import resource, socket, sys\nfrom pathlib import Path\nfrom embedingest.asking.address import Address\n"
        "from embedingest.asking.listener import listening\n"
        "tries, accept = [], socket.socket.accept\n"
        "socket.socket.accept = lambda each: (tries.append(each), accept(each))[1]\n"
        f"with listening(Address(Path({str(address.folder.parent)!r}), 'chunks-12345678.sqlite'), lambda _: 'heard'):\n"
        "    print('ready', flush=True)\n"
        "    sys.stdin.readline()\n"
        "    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
        "    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))\n"
        "    print('full', flush=True)\n"
        "    sys.stdin.readline()\n"
        "    resource.setrlimit(resource.RLIMIT_NOFILE, (100, hard))\n"
        "    print(len(tries), flush=True)\n"
        "    sys.stdin.readline()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        assert ask(address, {}) == "heard"
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "full\n"
        assert ask(address, {}) is None  # within its second of silence
        process.stdin.write("\n")
        process.stdin.flush()
        assert int(process.stdout.readline()) < 1000
        assert ask(address, {}) == "heard"
        process.communicate("\n")


@pytest.mark.parametrize("line", [b"", b"{", b"[]\n", b"not json\n", b"\xff\n", b"[" * 100_000 + b"\n"])
def test_what_is_no_question_ends_nothing(address, line):
    with listening(address, echo):
        with socket.socket(socket.AF_UNIX) as asker:
            asker.connect(str(address.path))
            asker.sendall(line)
            asker.shutdown(socket.SHUT_WR)
            asker.recv(100)
        assert ask(address, {"word": "walrus"}) == {"asked": "walrus"}
