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
from contextlib import ExitStack, contextmanager, suppress

import pytest

from embedingest.asking import client, listener
from embedingest.asking.address import MOST_QUESTION_BYTES, Address
from embedingest.asking.client import ask
from embedingest.asking.listener import listening
from embedingest.asking.place import Place
from tests.waiting import until

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
    assert list(address.folder.iterdir()) == []


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


def test_the_next_takes_the_place_when_the_first_ends(address, monkeypatch):
    monkeypatch.setattr(listener, "_LOOK_SECONDS", 0.01)
    with ExitStack() as second:
        with listening(address, echo):
            assert not second.enter_context(listening(address, lambda _: "second"))
            assert ask(address, {"word": "walrus"}) == {"asked": "walrus"}
        until(lambda: ask(address, {}) == "second")
    assert list(address.folder.iterdir()) == []


def test_of_many_that_come_and_go_one_has_the_place(address):
    held, together, failures = [], [], []

    def come_and_go():
        try:
            for _ in range(200):
                with suppress(BlockingIOError):
                    place = Place(address.lock)
                    held.append(place)
                    together.append(len(held))
                    held.remove(place)
                    place.leave()
        except OSError as error:
            failures.append(error)

    address.make_folder()
    threads = [threading.Thread(target=come_and_go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failures, set(together), list(address.folder.iterdir())) == ([], {1}, [])


def test_who_got_a_lock_that_was_removed_meanwhile_takes_the_one_that_lies_there(address, monkeypatch):
    address.make_folder()
    first, opened = Place(address.lock), os.open

    def left_meanwhile(*args):
        monkeypatch.setattr(os, "open", opened)
        descriptor = opened(*args)
        first.leave()
        return descriptor

    monkeypatch.setattr(os, "open", left_meanwhile)
    second = Place(address.lock)
    with pytest.raises(BlockingIOError):
        Place(address.lock)
    second.leave()


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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are Unix's")
def test_a_forked_child_that_ends_as_its_parent_would_leaves_the_place_alone(address):
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom embedingest.asking.address import Address\n"
        "from embedingest.asking.listener import listening\n"
        f"with listening(Address(Path({str(address.folder.parent)!r}), 'chunks-12345678.sqlite'), lambda _: 'parent'):\n"
        "    child = os.fork()\n"
        "    if child:\n"
        "        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)\n"
        "        sys.stdin.readline()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout.readline() == "0\n"
        assert (ask(address, {}), address.lock.exists()) == ("parent", True)
        parent.communicate("\n")
    assert list(address.folder.iterdir()) == []


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


def test_more_than_are_answered_at_once_wait_in_line(address):
    begun, go_on = threading.Semaphore(0), threading.Event()
    told, late = [], []

    def answer(question):
        begun.release()
        go_on.wait(60)
        return question["word"]

    def wonder(word):
        told.append(ask(address, {"word": word}))

    with listening(address, answer):
        askers = [threading.Thread(target=wonder, args=(word,)) for word in range(40)]
        for asker in askers:
            asker.start()
        for _ in range(8):
            assert begun.acquire(timeout=60)
        with ExitStack() as waiting:
            for _ in range(20):
                late.append(waiting.enter_context(socket.socket(socket.AF_UNIX)))
                late[-1].connect(str(address.path))
                late[-1].sendall(b'{"word": -1}\n')
            assert {each.recv(1) for each in late} == {b"\n"}  # a sign that none is forgotten
        go_on.set()
        for asker in askers:
            asker.join()
    assert sorted(told) == list(range(40))


@contextmanager
def saying(address, piece):
    """Somebody at the socket who says this over and over, until who asked has left."""
    address.make_folder()
    with socket.socket(socket.AF_UNIX) as somebody:
        somebody.bind(str(address.path))
        somebody.listen(1)

        def say():
            with suppress(OSError), somebody.accept()[0] as connection:
                connection.settimeout(0.02)
                while True:
                    with suppress(TimeoutError):
                        connection.sendall(piece)
                        connection.recv(100)

        thread = threading.Thread(target=say)
        thread.start()
        yield
        thread.join()
    address.path.unlink()


@pytest.mark.parametrize(
    ("piece", "seconds"), [(b"\n", 0.3), (b"\n" * 100_000, 60), (b"x", 60), (b" ", 60), (b"\0", 60), (b"\r", 60)]
)
def test_who_says_something_for_ever_is_not_waited_for(address, monkeypatch, piece, seconds):
    monkeypatch.setattr(client, "SILENCE_SECONDS", 0.2)
    monkeypatch.setattr(client, "MOST_WAIT_SECONDS", seconds)
    with saying(address, piece):
        assert ask(address, {}) is None


def test_numbers_that_json_does_not_have_are_no_answer(address):
    for answer in (b'{"answer": NaN}\n', b'{"answer": [Infinity]}\n'):
        with saying(address, answer):
            assert ask(address, {}) is None


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
