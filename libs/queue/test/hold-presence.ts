/** A process that has a key until it is killed: `presence.spec.ts` starts it with the server's URL and the key. */
import { openQueue } from '../src/index.ts';

const [url = '', key = ''] = process.argv.slice(2);
const log = { debug() {}, info() {}, warn() {}, error() {} };
const queue = await openQueue({ url, name: 'holder', log });
const presence = await queue.presence({ bucket: 'sessions', ttlMs: 1_500 });
await presence.add(key);
process.send?.('added');
