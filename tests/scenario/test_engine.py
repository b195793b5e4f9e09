"""What the workers run on, and what is said of it where the kernel refuses io_uring as many containers do."""

import re
import sys

import pytest

from harness import program
from harness.fleet import post
from harness.program import configuration, run_command

# Refuses io_uring_setup (number 425) with EPERM by a seccomp filter, then becomes the program.
WITHOUT_IO_URING = """#!{python}
import ctypes, os, struct, sys
code = [(0x20, 0, 0, 0), (0x15, 0, 1, 425), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7fff0000)]
filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in code))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filters", ctypes.c_void_p)]
libc = ctypes.CDLL(None, use_errno=True)
rules = Program(len(code), ctypes.cast(filters, ctypes.c_void_p))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(rules), 0, 0) == 0
os.execv({binary!r}, [{binary!r}, *sys.argv[1:]])
"""


@pytest.fixture
def without_io_uring(tmp_path, monkeypatch):
    """The program, where the kernel refuses io_uring."""
    launcher = tmp_path / "without_io_uring"
    launcher.write_text(WITHOUT_IO_URING.format(python=sys.executable, binary=program.BINARY))
    launcher.chmod(0o755)
    monkeypatch.setattr(program, "BINARY", str(launcher))


def shown(instance):
    """The engine by the log and by the metrics."""
    by_log = re.search(r'fairlead serves.*engine="?(\w+)', instance.log()).group(1)
    by_metrics = re.search(r'fairlead_build_info\{.*engine="(\w+)"', instance.metrics()).group(1)
    return by_log, by_metrics


def test_epoll_serves_where_it_is_asked_for(scene):
    instance = scene.fairlead([scene.backend()], engine="epoll")
    assert post(instance).status == 200
    assert shown(instance) == ("epoll", "epoll")


def test_io_uring_serves_where_it_is_allowed(scene):
    instance = scene.fairlead([scene.backend()], engine="auto")
    if "io_uring isn't allowed here" in instance.log():
        pytest.skip("the kernel refuses io_uring: " + instance.log())
    assert post(instance).status == 200
    assert shown(instance) == ("io_uring", "io_uring")


@pytest.mark.usefixtures("without_io_uring")
def test_auto_falls_back_to_epoll_and_says_why(scene):
    instance = scene.fairlead([scene.backend()], engine="auto")
    assert post(instance).status == 200
    assert shown(instance) == ("epoll", "epoll")
    assert "io_uring_setup: Operation not permitted" in instance.log()


@pytest.mark.usefixtures("without_io_uring")
def test_io_uring_that_is_refused_is_no_start(scene):
    backend = scene.backend()
    directory = scene.folder("config")
    directory.mkdir()
    file = directory / "fairlead.yml"
    file.write_text(program.yaml.safe_dump(configuration([backend], engine="io_uring")))
    ended = run_command("run", "--config", file)
    assert ended.returncode == 1
    assert "the kernel refuses io_uring (io_uring_setup: Operation not permitted)" in ended.stderr
    assert "engine: epoll" in ended.stderr
