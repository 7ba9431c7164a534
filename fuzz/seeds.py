"""Generates the initial inputs of the fuzz targets from the published vectors and the
committed inputs, with only Python's standard library.

    python3 fuzz/seeds.py FOLDER
"""

import base64
import json
import pathlib
import re
import sys

FUZZ = pathlib.Path(__file__).parent
CORPUS = pathlib.Path(sys.argv[1])


def seed(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def decoded(part):
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        return b""


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwk(derivation, operations, cookie):
    return {
        "kty": "oct",
        "alg": "HS256",
        "use": "sig",
        "kid": derivation["kid"],
        "k": derivation["key"],
        "key_ops": operations,
        "waxseal:cookie": cookie,
    }


for file in (FUZZ / "corpus").glob("*.txt"):
    for at, line in enumerate(file.read_text().splitlines()):
        seed(file.stem, f"committed-{at:04}", decoded(line))

vectors = json.loads((FUZZ / "../docs/vectors/vectors.json").read_text())

cookies = []
for at, case in enumerate(vectors["cases"]):
    name, token = f"vector-{at:03}", case["token"]
    own = "session" if case.get("mode") == "microdot" else vectors["defaults"]["cookie"]
    parts = token.split(".")
    cookies.append(f"{own}={token}")
    seed("open_cookie", name, cookies[-1].encode())
    if len(parts) == 3:
        # The target replaces `~` with the correct signature.
        unsigned = f"{parts[0]}.{parts[1]}.~"
        seed("open_cookie", name + "-signed", f"a=b; {own}={unsigned}".encode())
        seed("header", name, decoded(parts[0]))
        seed("claims", name, decoded(parts[1]))

few = [cookie for cookie in cookies if len(cookie) < 300]
microdot = next(cookie for cookie in few if cookie.startswith("session="))
seed("open_cookie", "one-header", "; ".join(few[:12]).encode())
# The cookie "previous" of fuzz/src/lib.rs has its own key and kid.
header, claims = b'{"alg":"HS256","kid":"31xg9c0g"}', vectors["cases"][1]["claims"].encode()
previous = "previous=%s.%s.~" % (encoded(header), encoded(claims))
seed("open_cookie", "previous", previous.encode())
seed("open_cookie", "previous-and-microdot", f"{previous}; {microdot}".encode())
seed("open_cookie", "many-headers", "\n".join(few[-12:]).encode())

# Many names with the same start and end, which are compared at once.
alike = ",".join(f'"aa{number}aa":1' for number in range(20))
times = vectors["cases"][0]["claims"][1:-1]
seed("claims", "names-alike", f"{{{times},{alike}}}".encode())
seed("claims", "names-alike-and-one-twice", f'{{{times},{alike},"aa0aa":1}}'.encode())

keys = vectors["derivations"]
seed("jwks", "purpose", json.dumps(vectors["defaults"]["jwks"]).encode())
seed("jwks", "encryption", json.dumps(vectors["defaults"]["encrypted_jwks"]).encode())
# The first four bytes choose the variant of `Input`: a header, or claims.
encrypted = [case for case in vectors["cases"] if case.get("mode") == "encrypted"]
for at, case in enumerate(encrypted):
    seed("encrypted", f"header-{at}", bytes([0, 0, 0, 0x40]) + decoded(case["token"].split(".")[0]))
for at, case in enumerate(case for case in vectors["cases"] if "claims" in case):
    seed("encrypted", f"claims-{at}", bytes([0, 0, 0, 0x80]) + case["claims"].encode())
# The first four bytes choose a proof, or the header of a signed one, whose key becomes the target's.
proofs = FUZZ / "../crates/waxseal-core/tests/data"
for file, cases in (("dbsc-chromium.json", "proofs"), ("dbsc-invalid.json", "cases")):
    for at, case in enumerate(json.loads((proofs / file).read_text())[cases]):
        proof, name = case["proof"].encode(), f"{cases}-{at:03}"
        seed("device_proof", name, bytes([0, 0, 0, 0x10]) + proof)
        header = decoded(case["proof"].strip('"').split(".")[0])
        for coordinate, target in ((b"x", b"~"), (b"y", b"^")):
            pattern = rb'("%s": *)"[\w-]{43}"' % coordinate
            header = re.sub(pattern, rb'\1"' + target + b'"', header)
        seed("device_proof", f"{name}-header", bytes([0, 0, 0, 0x60]) + header)
for count in range(1, len(keys) + 1):
    bound = [jwk(key, ["verify"], "__Host-session") for key in keys[:count]]
    bound[-1]["key_ops"] = ["sign", "verify"]
    seed("jwks", f"vector-{count}", json.dumps({"keys": bound}).encode())
