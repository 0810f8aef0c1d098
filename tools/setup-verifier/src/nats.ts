import net from 'node:net';
import tls from 'node:tls';
import { isLoopback, urlsOf, type ServerUrl } from './checks.ts';
import type { NatsFacts } from './facts.ts';

const waitMsMax = 5_000;

interface Info {
  readonly jetstream?: boolean;
  readonly tls_required?: boolean;
}

interface Conversation {
  readonly info: Info;
  readonly tls: boolean;
  /** PONG, or what it said instead. */
  readonly answer: string;
}

export function lookAtNats(url: string | undefined): Promise<NatsFacts[]> {
  return Promise.all(urlsOf(url).map(lookAtOne));
}

async function lookAtOne(server: ServerUrl): Promise<NatsFacts> {
  const { host, hostname, username, password } = server;
  const known = { host, loopback: isLoopback(hostname), tls: false, jetStream: false, open: false };
  try {
    const ours = await talk(server, username ? { user: username, pass: password } : {});
    const facts = { ...known, tls: ours.tls, jetStream: ours.info.jetstream === true };
    if (ours.answer !== 'PONG') return { ...facts, error: ours.answer };
    return { ...facts, open: (await talk(server, {})).answer === 'PONG', error: undefined };
  } catch (error) {
    return { ...known, error: (error as Error).message };
  }
}

/** The beginning of the client protocol (docs.nats.io, "Client Protocol"): INFO, CONNECT, PING. */
async function talk({ hostname, port, protocol }: ServerUrl, login: object): Promise<Conversation> {
  const plain = net.connect({ host: hostname, port });
  const timer = setTimeout(() => plain.destroy(new Error('no answer')), waitMsMax);
  try {
    const info = await readInfo(plain);
    const secure = info.tls_required === true || protocol === 'tls:';
    // its certificate is the services' concern; here only whether there is one
    const socket = secure ? tls.connect({ socket: plain, rejectUnauthorized: false }) : plain;
    socket.write(
      `CONNECT ${JSON.stringify({ verbose: false, pedantic: false, lang: 'node', version: '1', protocol: 1, ...login })}\r\nPING\r\n`,
    );
    const answer = await lineOf(socket, (line) => line === 'PONG' || line.startsWith('-ERR'));
    return { info, tls: secure, answer };
  } finally {
    clearTimeout(timer);
    plain.destroy();
  }
}

async function readInfo(socket: net.Socket): Promise<Info> {
  const line = await lineOf(socket, () => true);
  if (!line.startsWith('INFO ')) throw new Error('this is no NATS server');
  return JSON.parse(line.slice('INFO '.length)) as Info;
}

/** Nothing may be taken from the socket beyond its line: what comes next may be TLS. The server waits for us after each of these. */
function lineOf(socket: net.Socket, wanted: (line: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const done = (settle: () => void): void => {
      socket.off('data', read).off('close', gone).pause();
      settle();
    };
    const read = (chunk: Buffer): void => {
      text += chunk.toString();
      const line = text.split('\r\n').slice(0, -1).find(wanted);
      if (line !== undefined) done(() => resolve(line));
    };
    const gone = (): void => done(() => reject(new Error('it closed the connection')));
    socket.on('data', read).once('close', gone).resume();
    // stays: an error after the answer must not end the process
    socket.on('error', (error) => done(() => reject(error)));
  });
}
