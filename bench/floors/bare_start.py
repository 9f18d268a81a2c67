"""The bare start floor for Python: loads the standard modules that are named, loads the handler,
calls it, writes the answer. No sandbox, no runtime client.

    python bare_start.py HANDLER_FILE EVENT MODULES_FILE
"""

import importlib
import importlib.util
import json
import os
import sys


def main():
    handler_file, event, modules_file = sys.argv[1:4]
    with open(modules_file) as names:
        for name in names.read().split():
            importlib.import_module(name)
    spec = importlib.util.spec_from_file_location("lambda_function", handler_file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    os.write(1, json.dumps(module.lambda_handler(json.loads(event), None)).encode())


if __name__ == "__main__":
    main()
