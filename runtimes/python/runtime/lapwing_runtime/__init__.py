"""Lapwing's client of the Lambda Runtime API for Python. Standard library only.

loop      the process until its function is loaded; `awslambdaric` beside this package serves
api       the Runtime API over a hand-written HTTP/1.1 connection
handler   from the text `dir/mod.fn` to a callable
codec     event and result, from and to JSON
faults    what goes wrong: error payloads, stack frames, the text printed for them
trace_variable  _X_AMZN_TRACE_ID, which changes at every invocation
logs      what the `logging` module writes, as text, JSON lines or frames

Nothing here imports `logging`, `json`, `socket` or `traceback` before it is needed: each costs
several milliseconds of a cold start. `loop.preload` imports them ahead of time where starting is
not on anyone's clock.
"""
