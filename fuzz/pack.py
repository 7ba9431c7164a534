"""Writes the inputs in a folder to a file: one line of base64url each, the shortest first.

    python3 fuzz/pack.py FOLDER FILE
"""

import base64
import pathlib
import sys

folder, file = map(pathlib.Path, sys.argv[1:])
inputs = sorted((path.read_bytes() for path in folder.iterdir()), key=lambda data: (len(data), data))
lines = (base64.urlsafe_b64encode(data).rstrip(b"=") + b"\n" for data in inputs)
file.parent.mkdir(exist_ok=True)
file.write_bytes(b"".join(lines))
