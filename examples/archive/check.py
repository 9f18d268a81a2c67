import base64
import hashlib
import io
import json
import sys
import tarfile

answer = json.load(open(sys.argv[1]))
data = base64.b64decode(answer["archive"])
assert len(data) == answer["bytes"]
total = 0
with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
    members = {m.name: archive.extractfile(m).read() for m in archive.getmembers()}
assert len(members) == len(answer["sha256"]) > 15, sorted(members)
for name, body in members.items():
    total += len(body)
    assert hashlib.sha256(body).hexdigest() == answer["sha256"][name.split("/")[1]], name
assert b"class Message" in members["email/message.py"]
assert answer["bytes"] < total / 2, (answer["bytes"], total)
