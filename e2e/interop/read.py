"""Prints the claims of an encrypted session: python read.py KEY_SET_FILE < COOKIE_VALUE_FILE"""

import sys
from pathlib import Path

from jwcrypto.jwk import JWKSet
from jwcrypto.jwt import JWT

keys = JWKSet.from_json(Path(sys.argv[1]).read_text())
session = JWT(jwt=sys.stdin.read().strip(), key=keys, algs=["dir", "A256CBC-HS512"])
print(session.claims)
