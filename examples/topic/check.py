import json
import sys

answer = json.load(open(sys.argv[1]))
assert answer == ["2 x lamp for Ada"], answer
