// Prints the claims of an encrypted session: node read.mjs KEY_SET_FILE COOKIE_VALUE
import { readFileSync } from "node:fs";
import { importJWK, jwtDecrypt } from "jose";

const [file, token] = process.argv.slice(2);
const { keys } = JSON.parse(readFileSync(file, "utf8"));
const key = ({ kid }) => importJWK(keys.find((key) => key.alg === "dir" && key.kid === kid));
const { payload } = await jwtDecrypt(token, key, {
  keyManagementAlgorithms: ["dir"],
  contentEncryptionAlgorithms: ["A256CBC-HS512"],
});
console.log(JSON.stringify(payload));
