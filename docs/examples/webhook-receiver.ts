// Receives Heliograph's webhooks: checks signature, timestamp and replay, answers at once. Node 22.18 or newer, nothing to install.
//   WEBHOOK_SECRET=whsec_… node docs/examples/webhook-receiver.ts          (PORT, default 8000; HOST, default 127.0.0.1)
// While a secret rotates give both, separated by a space. Put a proxy with TLS in front.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';

const { WEBHOOK_SECRET = '', PORT = '8000', HOST = '127.0.0.1', WEBHOOK_TOLERANCE_SECONDS = '300' } = process.env;
const keys = WEBHOOK_SECRET.split(/\s+/)
  .filter(Boolean)
  .map((secret) => Buffer.from(secret.replace(/^whsec_/, ''), 'base64'));
if (keys.length === 0 || keys.some((key) => key.length < 24)) throw new Error('set WEBHOOK_SECRET to what GET /v1/webhook shows');
const bodyOctetsMax = 65_536;

/** Ids that were received, oldest first. Keep yours in a database, with a unique index, for 4 days: that long a report may be tried again. */
const seen = new Set<string>();
const seenMax = 100_000;

/** Undefined when all is well, else what is wrong. */
function refusal(headers: Record<string, string>, body: Buffer): string | undefined {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  if (!id || !timestamp || !signatures) return 'not signed';
  const ageSeconds = Date.now() / 1000 - Number(timestamp);
  if (!/^\d{1,15}$/.test(timestamp) || Math.abs(ageSeconds) > Number(WEBHOOK_TOLERANCE_SECONDS)) return 'too old, or from the future';
  // The body exactly as it came: parsed and written again it would be another one.
  const expected = keys.map((key) => createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest());
  const given = signatures
    .split(' ')
    .filter((entry) => entry.startsWith('v1,'))
    .map((entry) => Buffer.from(entry.slice(3), 'base64'));
  return given.some((one) => expected.some((other) => one.length === other.length && timingSafeEqual(one, other)))
    ? undefined
    : 'wrong signature';
}

/** Store it here, and do what takes time afterwards: an answer must come within 15 seconds. */
function receive(id: string, body: Buffer): void {
  if (seen.has(id)) return void console.log(`again ${id}`);
  seen.add(id);
  if (seen.size > seenMax)
    for (const oldest of seen) {
      seen.delete(oldest);
      break;
    }
  console.log(`received ${id} ${body.toString()}`);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of request) {
    octets += chunk.length;
    if (octets > bodyOctetsMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const server = createServer(async (request, response) => {
  try {
    if (request.method !== 'POST') return void response.writeHead(405, { allow: 'POST' }).end();
    const body = await bodyOf(request);
    if (!body) return void response.writeHead(413, { connection: 'close' }).end();
    const wrong = refusal(request.headers as Record<string, string>, body);
    if (wrong) return void response.writeHead(400).end(`${wrong}\n`);
    receive(String(request.headers['webhook-id']), body);
    // Also when it came before: it is here, and need not be sent again.
    response.writeHead(204).end();
  } catch {
    request.destroy(); // the sender went away in the middle
  }
});
server.requestTimeout = 15_000;
server.listen(Number(PORT), HOST, () => console.log(`listening on http://${HOST}:${PORT}`));
