import { createWriteStream, existsSync, renameSync, statSync } from 'node:fs';

const sizeMax = 50 * 1024 * 1024;

export interface LogFile {
  path: string;
  write(chunk: Buffer): void;
}

/** Appends; at 50 MB the file becomes `<path>.1` (the one before is dropped) and a new one begins. */
export function openLogFile(path: string): LogFile {
  let size = existsSync(path) ? statSync(path).size : 0;
  let stream = open(path);
  return {
    path,
    write: (chunk) => {
      if (size > sizeMax) {
        stream.end();
        renameSync(path, `${path}.1`);
        stream = open(path);
        size = 0;
      }
      size += chunk.length;
      stream.write(chunk);
    },
  };
}

function open(path: string) {
  const stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
  stream.on('error', () => undefined); // a full disk must not end the services
  return stream;
}
