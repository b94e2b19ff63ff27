"""Verifies a token as a service with PyPI `PyJWT` does: python3 pyjwt.py KEYS TOKEN ISSUER AUDIENCE TYPE ALGORITHMS"""

import json
import sys

import jwt

keys, token, issuer, audience, kind, algorithms = sys.argv[1:]
with open(keys, encoding="utf-8") as file:
    key_set = jwt.PyJWKSet.from_json(file.read())
with open(token, encoding="utf-8") as file:
    text = file.read().strip()
try:
    header = jwt.get_unverified_header(text)
    if header.get("typ") != kind:
        raise jwt.InvalidTokenError("typ")
    key = key_set[header["kid"]]
    options = {"require": ["exp", "iat", "nbf", "iss", "aud", "sub", "jti"]}
    claims = jwt.decode(
        text, key, algorithms=algorithms.split(","), issuer=issuer, audience=audience, options=options
    )
    print(json.dumps(claims))
except (jwt.PyJWTError, KeyError) as error:
    print(type(error).__name__, file=sys.stderr)
    sys.exit(1)
