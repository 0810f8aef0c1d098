/** Started by the specs as a process of its own: holds both servers until it is killed. Arguments: the data folder. */
import { join } from 'node:path';
import { startNats, startPostgres } from '../src/index.ts';

const dataDir = process.argv[2]!;
const [postgres, nats] = await Promise.all([
  startPostgres({ dataDir: join(dataDir, 'postgres') }),
  startNats({ dataDir: join(dataDir, 'nats') }),
]);
process.send!({ postgres: { url: postgres.url, pid: postgres.pid }, nats: { pid: nats.pid } });
