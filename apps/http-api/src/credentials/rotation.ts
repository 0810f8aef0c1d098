import type { Credential } from '@heliograph/registry';

const dayMs = 24 * 3_600_000;
/** Secrets of machines are to be changed every 90 days; one hears of it two weeks before. */
const rotateAfterMs = 90 * dayMs;
export const noticeMs = 14 * dayMs;

/** Unix ms by which the secret is to be changed; undefined: a password in a head, which gets weaker by being changed (NIST SP 800-63B §3.1.1.2). */
export function rotateByMs({ kind, secretSetAt }: Pick<Credential, 'kind' | 'secretSetAt'>): number | undefined {
  return kind === 'person' ? undefined : secretSetAt.getTime() + rotateAfterMs;
}

export function isRotationDue(credential: Pick<Credential, 'kind' | 'secretSetAt'>, nowMs: number): boolean {
  const byMs = rotateByMs(credential);
  return byMs !== undefined && nowMs >= byMs - noticeMs;
}

export interface RotationNotice {
  stop(): void;
}

export interface RotationNoticeOptions {
  readonly registry: { readonly current: { readonly credentials: ReadonlyMap<string, Credential> } };
  readonly log: { warn(fields: object, text: string): void };
  readonly now?: () => number;
  readonly everyMs?: number;
}

/** One line a day for the operator, beginning now, of the credentials that may be used and whose secret is to be changed. */
export function startRotationNotice({ registry, log, now = Date.now, everyMs = dayMs }: RotationNoticeOptions): RotationNotice {
  function look(): void {
    const due = [...registry.current.credentials.values()].filter((one) => one.enabled && isRotationDue(one, now()));
    if (due.length > 0) log.warn({ count: due.length, credentials: due.map(({ id }) => id) }, 'secrets are to be rotated');
  }
  look();
  const timer = setInterval(look, everyMs).unref();
  return { stop: () => clearInterval(timer) };
}
