// Encrypts and decrypts sessions with jose. Standard input is one JSON object:
//
//     key_set    the text of the key set
//     decrypt    tokens
//     encrypt    claims, each as text
//
// Prints {"decrypted": [claims, or null if the token is refused], "encrypted": [tokens]}.
import { readFileSync } from "node:fs";
import { CompactEncrypt, compactDecrypt, errors, importJWK } from "jose";

const ALGORITHMS = {
  keyManagementAlgorithms: ["dir"],
  contentEncryptionAlgorithms: ["A256CBC-HS512"],
};

async function decrypt(key, token) {
  try {
    const { plaintext } = await compactDecrypt(token, key, ALGORITHMS);
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plaintext);
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}

function encrypt(key, kid, claims) {
  return new CompactEncrypt(new TextEncoder().encode(claims))
    .setProtectedHeader({ alg: "dir", enc: "A256CBC-HS512", kid })
    .encrypt(key);
}

const given = JSON.parse(readFileSync(0, "utf8"));
const jwk = JSON.parse(given.key_set).keys.find((key) => key.key_ops.includes("encrypt"));
const key = await importJWK(jwk);
const decrypted = await Promise.all(given.decrypt.map((token) => decrypt(key, token)));
const encrypted = await Promise.all(given.encrypt.map((claims) => encrypt(key, jwk.kid, claims)));
console.log(JSON.stringify({ decrypted, encrypted }));
