// A peer of the matrix: jose. Input and output are those of pyjwt.py.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { CompactEncrypt, CompactSign, errors, importJWK, jwtDecrypt, jwtVerify } from "jose";

const given = JSON.parse(readFileSync(0, "utf8"));
const { alg, kid } = given.key;
const key = await importJWK(given.key, alg);

async function read(token) {
  try {
    const { payload } =
      alg === "dir"
        ? await jwtDecrypt(token, key, {
            keyManagementAlgorithms: ["dir"],
            contentEncryptionAlgorithms: ["A256CBC-HS512"],
          })
        : await jwtVerify(token, key, { algorithms: ["HS256"] });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}

function write(claims) {
  const text = new TextEncoder().encode(JSON.stringify(claims));
  return alg === "dir"
    ? new CompactEncrypt(text).setProtectedHeader({ alg, enc: "A256CBC-HS512", kid }).encrypt(key)
    : new CompactSign(text).setProtectedHeader({ alg, kid }).sign(key);
}

const installed = createRequire(import.meta.url).resolve("jose").split("/dist/")[0];
const { version } = JSON.parse(readFileSync(`${installed}/package.json`, "utf8"));
console.log(
  JSON.stringify({
    name: `jose ${version}`,
    read: await Promise.all(given.read.map(read)),
    written: await Promise.all(given.write.map(write)),
  }),
);
