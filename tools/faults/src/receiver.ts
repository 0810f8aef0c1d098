import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Journal } from '@heliograph/checker';

/**
 * How a receiver of webhooks treats what is posted to it. `well`: it answers at once; `busy`: after 50 ms, so that some are always on their way; `slow`:
 * after 3 s; `dead`: it hangs up without an answer.
 */
export type ReceiverMood = 'well' | 'busy' | 'slow' | 'dead' | 'failing' | 'gone' | 'redirecting';

/** A tenant's receiver of reports. It notes in the journal what it took. */
export interface Receiver {
  readonly url: string;
  behave(mood: ReceiverMood): void;
  /** The tenant has got the report in another way, such as `GET /v1/events`. */
  take(body: string): void;
  /** Ids of messages whose final report it has taken. */
  readonly reported: ReadonlySet<string>;
  /** Posts that came, taken or not. */
  readonly posts: number;
  /** Posts that came to where `redirecting` sends them: inside, where nobody may be sent. */
  readonly lured: number;
  stop(): Promise<void>;
}

const busyMs = 50;
const slowMs = 3_000;

export async function startReceiver(tenant: string, journal: Journal): Promise<Receiver> {
  const reported = new Set<string>();
  let mood: ReceiverMood = 'well';
  let posts = 0;
  let lured = 0;

  const takes = (response: ServerResponse, take: () => void): void => {
    take();
    response.writeHead(204).end();
  };
  const answers: Record<ReceiverMood, (response: ServerResponse, take: () => void) => void> = {
    well: takes,
    busy: (response, take) => void setTimeout(takes, busyMs, response, take),
    slow: (response, take) => void setTimeout(takes, slowMs, response, take),
    dead: (response) => void response.destroy(),
    failing: (response) => void response.writeHead(500).end(),
    gone: (response) => void response.writeHead(410).end(),
    redirecting: (response) => void response.writeHead(302, { location: '/inward' }).end(),
  };

  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      if (request.url === '/inward') {
        lured++;
        return void response.writeHead(204).end();
      }
      posts++;
      answers[mood](response, () => take(body));
    });
  });

  function take(body: string): void {
    const { data } = JSON.parse(body) as { data: { id: string; state?: string } };
    if (data.state === undefined) return;
    reported.add(data.id);
    journal.write({ kind: 'reported', tenant, id: data.id, state: data.state, by: 'webhook' });
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/reports`,
    behave: (next) => void (mood = next),
    take,
    reported,
    get posts() {
      return posts;
    },
    get lured() {
      return lured;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    // whoever posted it has gone
  }
  return Buffer.concat(chunks).toString();
}
