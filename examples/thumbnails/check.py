import base64
import json
import sys

answer = json.load(open(sys.argv[1]))
assert (answer["width"], answer["height"]) == (512, 512), answer
shapes = [(t["width"], t["height"]) for t in answer["thumbnails"]]
assert shapes == [(256, 256), (128, 128), (64, 64)], shapes
sizes = []
for thumbnail in answer["thumbnails"]:
    data = base64.b64decode(thumbnail["image"])
    assert data[:3] == b"\xff\xd8\xff" and data[-2:] == b"\xff\xd9", "not a whole JPEG"
    # The photograph's mean colour (141.6, 105.8, 96.5), which no size may change.
    assert all(abs(a - b) <= 2 for a, b in zip(thumbnail["mean"], (142, 106, 96))), thumbnail
    sizes.append(len(data))
assert sizes == sorted(sizes, reverse=True) and sizes[-1] > 500, sizes
