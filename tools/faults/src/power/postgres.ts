import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import pg from 'pg';

/** A PostgreSQL that says in its log which transaction each of its processes commits: `commits` needs that. */
export interface SayingPostgres {
  /** Whose each of its processes is, by its pid: of processes of this machine that are given by their names and pids. */
  clients(processes: Readonly<Record<string, number>>): Promise<Map<number, string>>;
  /** It says so no longer. */
  end(): Promise<void>;
}

/** The URL has to be one of a superuser. Resolves before each process has heard of it: some may still commit in silence. */
export async function sayCommits(databaseUrl: string): Promise<SayingPostgres> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'faults' });
  await client.connect();
  // each process reads its settings again before its next statement
  const setLevel = async (how: string): Promise<void> => {
    await client.query(`ALTER SYSTEM ${how}`);
    await client.query('SELECT pg_reload_conf()');
  };
  await setLevel('SET log_min_messages = debug5');
  return {
    async clients(processes) {
      const { rows } = await client.query<{ pid: number; client_port: number }>(
        'SELECT pid, client_port FROM pg_stat_activity WHERE client_port > 0',
      );
      const owners = new Map(Object.entries(processes).flatMap(([name, pid]) => portsOf(pid).map((port) => [port, name])));
      return new Map(rows.flatMap(({ pid, client_port }) => (owners.has(client_port) ? [[pid, owners.get(client_port) as string]] : [])));
    },
    async end() {
      await setLevel('RESET log_min_messages');
      await client.end();
    },
  };
}

/** The postmaster and all its processes. */
export function familyOf(postmaster: number): number[] {
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8');
  return [postmaster, ...children.split(' ').filter(Boolean).map(Number)];
}

/** Local TCP ports of a process, IPv4. proc(5): `sl local_address rem_address st … inode`, addresses as HEX:HEX. */
function portsOf(pid: number): number[] {
  const sockets = new Set(readdirSync(`/proc/${pid}/fd`).map((descriptor) => linkOf(`/proc/${pid}/fd/${descriptor}`)));
  return readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local, , , , , , , , inode] = line.trim().split(/\s+/);
      return sockets.has(`socket:[${inode}]`) ? [parseInt((local as string).slice(local!.indexOf(':') + 1), 16)] : [];
    });
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}
