import base64
import json
import sys

answer = json.load(open(sys.argv[1]))
assert answer["original"] == {"width": 512, "height": 512, "format": "png"}, answer["original"]
assert (answer["webp"]["width"], answer["webp"]["height"]) == (200, 200), answer["webp"]
webp = base64.b64decode(answer["webp"]["image"])
assert webp[:4] == b"RIFF" and webp[8:12] == b"WEBP"
assert int.from_bytes(webp[4:8], "little") == len(webp) - 8
assert base64.b64decode(answer["grey"]["image"])[:8] == b"\x89PNG\r\n\x1a\n"
assert answer["grey"]["channels"] == 1
assert 100 < answer["grey"]["mean"] < 135, answer["grey"]["mean"]
