#!/usr/bin/env python3
"""Checks a certificate without any code of ours: PyJWT and cryptography for the proof (Open Badges 3.0,
JSON Web Token proof format), jsonschema for the published schema, a few lines for did:key and the
bitstring status list.

    pip install 'PyJWT[crypto]' jsonschema
    certificate.py certificate.jwt [--status status.jwt] [--schema ob_v3p0_achievementcredential_schema.json]
                   [--key did:key:z6Mk…]

The schema is 1EdTech's: https://purl.imsglobal.org/spec/ob/v3p0/schema/json/
ob_v3p0_achievementcredential_schema.json. Exit code 0: everything that was asked for holds.
"""
import argparse, base64, gzip, json, sys
from datetime import datetime

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jsonschema import Draft201909Validator, FormatChecker

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
faults = []


def check(holds, what):
    print(("ok   " if holds else "NOT  ") + what)
    if not holds:
        faults.append(what)
    return holds


def unbase58(text):
    number = 0
    for letter in text:
        number = number * 58 + ALPHABET.index(letter)
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def did_key(did):
    """The Ed25519 key of a did:key (multibase z, multicodec 0xed01)."""
    raw = unbase58(did.removeprefix("did:key:z"))
    if not did.startswith("did:key:z") or raw[:2] != b"\xed\x01" or len(raw) != 34:
        raise ValueError(f"{did} is no did:key of Ed25519")
    return raw[2:]


def opened(token, what):
    """Verifies a token with the key that its kid names; gives its payload and the did of the key."""
    header = jwt.get_unverified_header(token)
    check(header["alg"] == "EdDSA" and header["typ"] == "JWT", f"{what}: alg EdDSA, typ JWT")
    did, _, fragment = header["kid"].partition("#")
    key = did_key(did)
    check(fragment == did.removeprefix("did:key:"), f"{what}: kid names the key of {did}")
    jwk = header.get("jwk", {})
    x = base64.urlsafe_b64decode(jwk.get("x", "") + "==")
    check(jwk.get("kty") == "OKP" and jwk.get("crv") == "Ed25519" and x == key, f"{what}: jwk is the same key")
    claims = jwt.decode(token, Ed25519PublicKey.from_public_bytes(key), algorithms=["EdDSA"],
                        options={"require": ["iss", "sub", "jti", "nbf"]})
    check(True, f"{what}: signature holds (PyJWT {jwt.__version__})")
    check(claims["iss"] == claims["issuer"]["id"] == did, f"{what}: iss is the issuer, and its key signed")
    return claims, did


def second(text):
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())


ask = argparse.ArgumentParser()
ask.add_argument("certificate")
ask.add_argument("--status")
ask.add_argument("--schema")
ask.add_argument("--key")
asked = ask.parse_args()

badge, did = opened(open(asked.certificate, encoding="ascii").read().strip(), "certificate")
if asked.key:
    check(did == asked.key, "signed by the trusted key")
check(badge["sub"] == badge["credentialSubject"]["id"], "sub is the subject")
check(badge["jti"] == badge["id"], "jti is the credential")
check(badge["nbf"] == second(badge["validFrom"]), "nbf is validFrom")
if "validUntil" in badge:
    check(badge["exp"] == second(badge["validUntil"]), "exp is validUntil")
check(badge["@context"][0] == "https://www.w3.org/ns/credentials/v2"
      and badge["@context"][1].startswith("https://purl.imsglobal.org/spec/ob/v3p0/context"), "@context")
check({"VerifiableCredential"} < set(badge["type"]), "type")

if asked.schema:
    schema = json.load(open(asked.schema, encoding="utf-8"))
    claims = ("iss", "sub", "jti", "nbf", "exp", "iat")
    credential = {name: value for name, value in badge.items() if name not in claims}
    found = list(Draft201909Validator(schema, format_checker=FormatChecker()).iter_errors(credential))
    for error in found:
        print("     ", "/".join(map(str, error.path)), error.message[:200])
    check(not found, f"schema {schema['$id'].rsplit('/', 1)[1]}")

if asked.status:
    entry = badge["credentialStatus"]
    listed, signer = opened(open(asked.status, encoding="ascii").read().strip(), "status list")
    check(signer == did, "the status list is of the same issuer")
    check(listed["id"] == entry["statusListCredential"], "the status list is the one the certificate names")
    encoded = listed["credentialSubject"]["encodedList"].removeprefix("u")
    bits = gzip.decompress(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    at = int(entry["statusListIndex"])
    check(len(bits) * 8 >= 131072, f"the status list has {len(bits) * 8} places")
    check(not bits[at // 8] >> (7 - at % 8) & 1, f"place {at}: not withdrawn")

subject = badge["credentialSubject"]
print(f"      {subject['achievement']['name']} · {badge['issuer']['name']} · until {badge.get('validUntil', '—')}")
print(f"{len(faults)} faults" if faults else "no fault")
sys.exit(1 if faults else 0)
