"""Checks an export of the journal in JSON Lines by itself: each line's hash, and that each follows the one before."""
import hashlib
import json
import struct
import sys
from datetime import datetime, timezone

TEXTS = ["actor", "structure", "patient", "mode", "action", "document", "outcome", "rule", "basis", "detail"]
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def millis(text):
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    delta = at - EPOCH
    return (delta.days * 86400 + delta.seconds) * 1000 + delta.microseconds // 1000


def hash_of(entry):
    previous = bytes.fromhex(entry["previous"])
    h = hashlib.sha256(b"dmpkit journal 1\n")
    h.update(struct.pack(">q", entry["number"]))
    h.update(struct.pack(">Q", len(previous)) + previous)
    h.update(struct.pack(">q", millis(entry["at"])))
    for name in TEXTS:
        value = entry.get(name)
        if value is None:
            h.update(b"\0")
        else:
            data = value.encode()
            h.update(b"\1" + struct.pack(">Q", len(data)) + data)
    return h.hexdigest()


last = None
count = 0
for line in sys.stdin:
    entry = json.loads(line)
    assert hash_of(entry) == entry["hash"], entry["number"]
    assert last is None or last == entry["previous"], entry["number"]
    last = entry["hash"]
    count += 1
print(count)
