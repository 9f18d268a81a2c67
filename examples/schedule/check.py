import json
import sys

answer = json.load(open(sys.argv[1]))
assert answer == "2026-01-01T09:00:00Z: Ada, water the plants", answer
