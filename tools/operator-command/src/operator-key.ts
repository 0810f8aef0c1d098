import { readFileSync } from 'node:fs';
import type { Command } from './command.ts';
import { Refused } from './control-plane.ts';

export const keyFileOption = {
  type: 'string',
  argument: 'FILE',
  help: "with an operator's API key; else HELIOGRAPH_OPERATOR_KEY",
} as const;

/** What to say where `isSafeUrl` says no. */
export const unsafeUrl = '--url must be https, or http to this machine: the key of an operator goes there';

export function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return (
    protocol === 'https:' ||
    (protocol === 'http:' && (hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname)))
  );
}

/** Of the file where one is named, else of the environment; not among the arguments, which everybody on the machine sees. Throws Refused. */
export function readOperatorKey(keyFile: string | undefined, env: Command['env']): string {
  const key = (keyFile === undefined ? env['HELIOGRAPH_OPERATOR_KEY'] : readFileSync(keyFile, 'utf8'))?.trim();
  if (!key) throw new Refused("an operator's API key is needed: HELIOGRAPH_OPERATOR_KEY or --key-file");
  return key;
}
