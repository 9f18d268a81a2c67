"""Where AWS's client has it."""

from lapwing_runtime.faults import Fault as FaultException  # noqa: F401
