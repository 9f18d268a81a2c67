"""Waiting for a condition, in tests of a server that does things in its own time."""

import time


def eventually(check, seconds=30):
    """The first true answer of `check`, or its last one."""
    until = time.monotonic() + seconds
    while True:
        result = check()
        if result or time.monotonic() > until:
            return result
        time.sleep(0.02)  # between two looks at a condition
