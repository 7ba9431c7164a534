"""Encrypts and decrypts sessions with jwcrypto. Standard input is one JSON object:

    key_set    the text of the key set
    decrypt    tokens
    encrypt    claims, each as text

Prints {"decrypted": [claims, or null if the token is refused], "encrypted": [tokens]}.
"""

import json
import sys

from jwcrypto.common import JWException
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWKSet

ALGORITHMS = ["dir", "A256CBC-HS512"]


def decrypt(keys, token):
    jwe = JWE(algs=ALGORITHMS)
    try:
        jwe.deserialize(token)
        jwe.decrypt(keys)
    except JWException:
        return None
    return jwe.payload.decode()


def encrypt(key, claims):
    header = {"alg": "dir", "enc": "A256CBC-HS512", "kid": key["kid"]}
    jwe = JWE(claims.encode(), protected=header, recipient=key, algs=ALGORITHMS)
    return jwe.serialize(compact=True)


def main():
    given = json.load(sys.stdin.buffer)
    keys = JWKSet.from_json(given["key_set"])
    encrypting = next(key for key in keys if "encrypt" in key["key_ops"])
    decrypted = [decrypt(keys, token) for token in given["decrypt"]]
    encrypted = [encrypt(encrypting, claims) for claims in given["encrypt"]]
    print(json.dumps({"decrypted": decrypted, "encrypted": encrypted}))


main()
