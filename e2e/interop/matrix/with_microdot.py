"""A peer of the matrix: the session extension of Microdot, on CPython and on MicroPython.

The argument is the folder of the package. Input and output are those of pyjwt.py, with the text
`secret` in place of the key.
"""

import json
import os
import sys

packages = sys.argv[1]
if sys.implementation.name == "micropython":
    # The package on PyPI does not contain Microdot's jwt.py: micropython/jwt.py stands in for it.
    sys.path.insert(0, sys.argv[2])
    sys.path.append(packages)

from microdot.session import Session

given = json.load(sys.stdin)
session = Session(secret_key=given["secret"])


def version():
    names = [name for name in os.listdir(packages) if name.startswith("microdot-")]
    return names[0].split("-")[1].split(".dist")[0]


def interpreter():
    if sys.implementation.name == "micropython":
        return "MicroPython %d.%d" % sys.implementation.version[:2]
    import jwt

    return "CPython with PyJWT " + jwt.__version__


# A token that Microdot refuses is an empty session.
print(
    json.dumps(
        {
            "name": "Microdot %s on %s" % (version(), interpreter()),
            "read": [session.decode(token) or None for token in given["read"]],
            "written": [session.encode(claims) for claims in given["write"]],
        }
    )
)
