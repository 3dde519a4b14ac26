// Receives Portero's webhook and prints each event once: WEBHOOK_SECRET=whsec_… node webhook.mjs 8080
//
// What a receiver must do: verify the signature over the body as it came, answer 2xx soon, and take a message that comes
// again for the same one. It serves plain HTTP on this machine; a reverse proxy before it has the certificate.

import { createServer } from "node:http";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

const MOST_BYTES = 64 * 1024;
const REMEMBERED = 10_000;

const secret = process.env.WEBHOOK_SECRET;
if (!secret) {
  console.error("set WEBHOOK_SECRET to the key that the server has in PORTERO_WEBHOOK_SECRET");
  process.exit(2);
}
const webhook = new Webhook(secret);
const seen = new Set();

function remember(id) {
  seen.add(id);
  // A Set keeps the order in which its members came, so the first one is the oldest.
  if (seen.size > REMEMBERED) seen.delete(seen.values().next().value);
}

async function bodyOf(request) {
  const parts = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes > MOST_BYTES) return null;
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

async function statusOf(request) {
  if (request.method !== "POST") return 405;
  const body = await bodyOf(request);
  if (body === null) return 413;
  let event;
  try {
    event = webhook.verify(body, request.headers);
  } catch (error) {
    if (error instanceof WebhookVerificationError) return 401;
    throw error;
  }
  const id = request.headers["webhook-id"];
  if (!seen.has(id)) {
    const { camera, display_name: name } = event.data;
    console.log(event.type, camera ?? "", name ?? "unknown");
    // Only now: had something gone wrong before, the message must be taken when it comes again.
    remember(id);
  }
  return 204;
}

const server = createServer(async (request, response) => {
  response.statusCode = await statusOf(request).catch((error) => {
    console.error(`a message was not taken: ${error.message}`);
    return 500;
  });
  response.end();
});
server.listen(Number(process.argv[2] ?? 8080), "127.0.0.1", () => {
  console.error(`listening on http://127.0.0.1:${server.address().port}`);
});
