// Prints the claims of an encrypted session: node read.mjs KEY_SET_FILE < COOKIE_VALUE_FILE
import { readFileSync } from "node:fs";
import { importJWK, jwtDecrypt } from "jose";

const { keys } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const token = readFileSync(0, "utf8").trim(); // standard input
const key = ({ kid }) => importJWK(keys.find((key) => key.alg === "dir" && key.kid === kid));
const { payload } = await jwtDecrypt(token, key, {
  keyManagementAlgorithms: ["dir"],
  contentEncryptionAlgorithms: ["A256CBC-HS512"],
});
console.log(JSON.stringify(payload));
