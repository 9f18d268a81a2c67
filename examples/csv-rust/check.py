import csv
import io
import json
import sys

answer = json.load(open(sys.argv[1]))
assert len(answer["request_id"]) == 36, answer
assert answer["columns"] == ["city", "people", "motto", "said", "area"], answer
assert list(csv.reader(io.StringIO(answer["csv"], newline=""))) == [
    answer["columns"],
    ["Köln", "1084831", "Et es wie et es", "", ""],
    ["Bonn", "336465", "", 'a "quiet" town, once\nthe capital', ""],
    ["Brühl", "", "x,y", "", '{"km2":36.1}'],
], answer["csv"]
