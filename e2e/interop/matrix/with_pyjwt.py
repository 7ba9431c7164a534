"""A peer of the matrix: PyJWT. Standard input is one JSON object:

    key      the JWK
    read     tokens
    write    claims

Prints {"name", "read": [claims, or null if the token is refused], "written": [tokens]}.
"""

import base64
import json
import sys

import jwt

given = json.load(sys.stdin)
kid = given["key"]["kid"]
key = base64.urlsafe_b64decode(given["key"]["k"] + "==")


def read(token):
    try:
        return jwt.decode(token, key, algorithms=["HS256"])
    except jwt.PyJWTError:
        return None


print(
    json.dumps(
        {
            "name": f"PyJWT {jwt.__version__}",
            "read": [read(token) for token in given["read"]],
            "written": [jwt.encode(it, key, headers={"kid": kid}) for it in given["write"]],
        }
    )
)
