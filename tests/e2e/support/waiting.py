"""Waiting for conditions, with deadlines. No test sleeps for a fixed time and hopes."""

import threading
import time

_pace = threading.Event()


def wait_until(condition, what, seconds=60.0, every=0.01):
    """Polls `condition` until it gives something true, and returns that."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain for {what}")
        _pace.wait(every)
    return value
