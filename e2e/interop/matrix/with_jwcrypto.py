"""A peer of the matrix: jwcrypto. Input and output are those of pyjwt.py."""

import json
import sys
from importlib.metadata import version

from jwcrypto.common import JWException
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from jwcrypto.jwt import JWT

given = json.load(sys.stdin)
key = JWK(**given["key"])
is_encrypted = given["key"]["alg"] == "dir"
algorithms = ["dir", "A256CBC-HS512"] if is_encrypted else ["HS256"]


def read(token):
    try:
        return json.loads(JWT(jwt=token, key=key, algs=algorithms).claims)
    except (JWException, ValueError):
        return None


def write(claims):
    text, kid = json.dumps(claims), key["kid"]
    if is_encrypted:
        header = {"alg": "dir", "enc": "A256CBC-HS512", "kid": kid}
        return JWE(text, protected=header, recipient=key).serialize(compact=True)
    token = JWS(text)
    token.add_signature(key, protected=json.dumps({"alg": "HS256", "kid": kid}))
    return token.serialize(compact=True)


print(
    json.dumps(
        {
            "name": f"jwcrypto {version('jwcrypto')}",
            "read": [read(token) for token in given["read"]],
            "written": [write(claims) for claims in given["write"]],
        }
    )
)
