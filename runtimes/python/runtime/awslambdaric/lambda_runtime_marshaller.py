"""Where AWS's client has these."""

from .bootstrap import to_json  # noqa: F401
from .lambda_runtime_client import LambdaMarshaller  # noqa: F401
