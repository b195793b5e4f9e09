"""Two network namespaces with a cable between them that can be pulled: packets are lost, and no end hears of it."""

import ctypes
import os
import subprocess

_CLONE_NEWNET = 0x4000_0000
_NAMED = "/run/netns"


def _ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True, timeout=10)


def _move_to(path):
    """The calling thread, and whatever it starts from now on."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {path}")
    finally:
        os.close(descriptor)


class Cable:
    """The calling thread lives at `here` until stop(); `there` is the other end."""

    here, there = "10.77.0.1", "10.77.0.2"

    def __init__(self):
        self.near, self.far = f"fairlead-near-{os.getpid()}", f"fairlead-far-{os.getpid()}"
        self.outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            for name in (self.near, self.far):
                _ip("netns", "add", name)
                _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", self.near, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", self.far)
            for name, address in ((self.near, self.here), (self.far, self.there)):
                _ip("-n", name, "address", "add", f"{address}/30", "dev", "cable")
                _ip("-n", name, "link", "set", "cable", "up")
            _move_to(f"{_NAMED}/{self.near}")
        except BaseException:
            self.stop()
            raise

    def at_the_far_end(self):
        """Goes before a command to run it there."""
        return ["ip", "netns", "exec", self.far]

    def pull(self):
        _ip("-n", self.far, "link", "set", "cable", "down")

    def plug(self):
        _ip("-n", self.far, "link", "set", "cable", "up")

    def stop(self):
        _move_to(f"/proc/self/fd/{self.outside}")
        os.close(self.outside)
        for name in (self.near, self.far):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True, timeout=10)


def why_not():
    """Why no cable can be had here, as a reason to skip; None: it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    try:
        Cable().stop()
    except (OSError, subprocess.SubprocessError) as error:
        return f"no network namespaces here: {error}"
    return None
