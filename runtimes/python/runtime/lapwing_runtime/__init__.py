"""Lapwing's client of the Lambda Runtime API for Python. Standard library only.

loop      reads the environment, loads the handler, serves invocations one after the other
api       the Runtime API over a hand-written HTTP/1.1 connection
handler   from the text `dir/mod.fn` to a callable
context   the `context` argument of a handler
codec     event and result, from and to JSON
faults    what goes wrong: error payloads, stack frames, the text printed for them
logs      what the `logging` module writes, as text, JSON lines or frames

Nothing here imports `logging`, `json`, `socket` or `traceback` before it is needed: each costs
several milliseconds of a cold start. `loop.preload` imports them ahead of time where starting is
not on anyone's clock.
"""
