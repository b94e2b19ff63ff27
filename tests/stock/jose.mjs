// Verifies a token as a service with npm `jose` does: node --input-type=module - KEYS TOKEN ISSUER AUDIENCE TYPE ALGORITHMS
import { readFileSync } from "node:fs";
import { createLocalJWKSet, jwtVerify } from "jose";

const [keys, token, issuer, audience, typ, algorithms] = process.argv.slice(2);
const set = createLocalJWKSet(JSON.parse(readFileSync(keys, "utf8")));
try {
  const options = { issuer, audience, typ, algorithms: algorithms.split(",") };
  const { payload } = await jwtVerify(readFileSync(token, "utf8").trim(), set, options);
  console.log(JSON.stringify(payload));
} catch (error) {
  console.error(error.code ?? error);
  process.exitCode = 1;
}
