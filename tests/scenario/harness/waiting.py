"""Waiting for something to become true. The only place of the suite that sleeps."""

import time


def wait_until(condition, timeout=5.0, what="the condition"):
    """Polls until `condition()` is truthy and returns its value; fails the test when `timeout` seconds pass first."""
    deadline = time.monotonic() + timeout
    pause = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"waited {timeout} s in vain for {what}; last value: {value!r}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def wait_until_still(read, still_for=0.5, timeout=20.0, what="the value"):
    """Polls `read()` until it hasn't changed for `still_for` seconds and returns it."""
    seen = [read(), time.monotonic()]

    def is_still():
        value = read()
        if value != seen[0]:
            seen[:] = [value, time.monotonic()]
        return time.monotonic() - seen[1] >= still_for

    wait_until(is_still, timeout, f"{what} to stand still")
    return seen[0]
