import base64
import json
import sys

answer = json.load(open(sys.argv[1]))
assert answer["rows"] == 4 and len(answer["requestId"]) == 36, answer
assert sorted(answer["columns"]) == ["celsius", "rain", "station", "time"], answer["columns"]
assert answer["warmest"] == {
    "station": "Hohenpeißenberg", "time": "2023-07-09T12:00:00Z", "celsius": 29.6, "rain": None}
data = base64.b64decode(answer["parquet"])
assert data[:4] == data[-4:] == b"PAR1"
assert int.from_bytes(data[-8:-4], "little") < len(data) - 12  # the footer lies inside the file
assert "Hohenpeißenberg".encode() in data or b"\x28\xb5\x2f\xfd" in data  # plain or Zstandard
