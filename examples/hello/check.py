import json
import re
import sys

answer = json.load(open(sys.argv[1]))
assert answer["message"] == "Hello, World!", answer
assert re.fullmatch(r"[0-9a-f-]{36}", answer["requestId"]), answer
