// Verifies a token as an application with `@sap/xssec` does, which fetches the keys over https from its `uaadomain`:
// node --input-type=module - KEYS TOKEN CERTIFICATE PRIVATE_KEY SCOPE
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import xssec from "@sap/xssec";

const [keys, token, cert, key, scope] = process.argv.slice(2);
const asked = [];
const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
  asked.push(request.url);
  response.setHeader("content-type", "application/json");
  response.end(readFileSync(keys));
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const home = `https://localhost:${server.address().port}`;
const service = new xssec.XsuaaService({
  clientid: "sb-app!t123",
  clientsecret: "unused",
  xsappname: "app!t123",
  uaadomain: home,
  url: home,
});
try {
  const jwt = readFileSync(token, "utf8").trim();
  const context = await xssec.createSecurityContext(service, { jwt });
  if (!context.checkLocalScope(scope) || context.checkLocalScope("admin")) throw new Error("scope");
  console.log(JSON.stringify({ asked, payload: context.token.payload }));
} catch (error) {
  console.error(error.name, error.message);
  process.exitCode = 1;
} finally {
  server.closeAllConnections();
  server.close();
}
