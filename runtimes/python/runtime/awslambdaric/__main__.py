"""`awslambdaricmain`: from the handler's name to the loop that serves it."""

import os

from . import bootstrap
from .lambda_runtime_client import LambdaRuntimeClient


def main(args):
    """`args`: the function's folder and its handler."""
    address = os.environ.get("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001")
    bootstrap.run(args[1], LambdaRuntimeClient(address))
