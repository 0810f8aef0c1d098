import { availableParallelism } from 'node:os';
import { hash, parseOptions, verify } from '@node-rs/argon2';
import { unwrapLegacy } from './legacy-form.ts';

/**
 * argon2id with the parameters OWASP's password storage cheat sheet gives first: 19 MiB, 2 passes, 1 lane. Some tens of
 * milliseconds of one CPU: dear for who guesses, bearable for a bind.
 */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

const prefix = '$argon2id$';
/** How every verifier made now begins. */
const current = `${prefix}v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$`;

/** A stored verifier asking for more would let one damaged row take the machine's memory. In KiB, and in passes. */
const memoryCostMax = 262_144;
const timeCostMax = 16;

/**
 * libuv's pool has 4 threads by default, and verifications block one each: one is left for the file system, DNS and TLS, or a storm of binds
 * would stall them all.
 */
const concurrentMax = Math.min(availableParallelism(), 3);

/** About a second of waiting (64 checks of some 30 ms, two or three at once): later than that, the peer has given up or is no friend. */
const waitingMaxDefault = 64;

/** Of a random password that nobody kept; its cost is that of `cost`. */
export const decoy = '$argon2id$v=19$m=19456,t=2,p=1$8ZljOj/6E9UcYS8xVKLqpA$kdsDaV8quojRiRgr4tCQPSw//G/WcA+6Kz7HK5b2TIw';

/**
 * The result of a check. `undefined`: too many are being checked, this one was not; answer "try again" in the protocol's words. It is falsy
 * on purpose: a caller who forgets it refuses.
 */
export type PasswordCheck = boolean | undefined;

export type PasswordGate = {
  /** Whether the password fits the verifier. Malformed and unknown verifiers are false, after the same time. Never throws. */
  verifyPassword(verifier: string, password: string): Promise<PasswordCheck>;
  /** For a name that nobody has: false after the time of a real check, so that names cannot be told from wrong passwords. */
  verifyNothing(password?: string): Promise<false | undefined>;
};

/** PHC string (`$argon2id$v=19$m=19456,t=2,p=1$salt$hash`) with a fresh salt. Not bounded: only authenticated people set passwords. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, cost);
}

/** Whether what is stored is another form than `hashPassword` gives now: at the next good login, whoever has the password hashes it anew. */
export function needsUpgrade(verifier: string): boolean {
  return !verifier.startsWith(current);
}

/** The process's own gate: as many at once as there are CPUs, 3 at most; 64 waiting. */
export const { verifyPassword, verifyNothing }: PasswordGate = createPasswordGate();

/** A gate with its own bounds: `concurrent` checks run at once, `waitingMax` wait, any more are refused as busy. */
export function createPasswordGate({ concurrent = concurrentMax, waitingMax = waitingMaxDefault } = {}): PasswordGate {
  const waiting: (() => void)[] = [];
  let running = 0;

  async function check(verifier: string, password: string): Promise<PasswordCheck> {
    if (running < concurrent) running++;
    else if (waiting.length >= waitingMax) return undefined;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await compare(verifier, password);
    } finally {
      // A waiting check takes over the place of this one, so `running` stays.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  }

  return {
    verifyPassword: check,
    async verifyNothing(password = '') {
      const checked = await check(decoy, password);
      return checked === undefined ? undefined : false;
    },
  };
}

async function compare(verifier: string, password: string): Promise<boolean> {
  const inner = unwrapLegacy(verifier, password) ?? { verifier, password };
  const matches = inner.verifier.startsWith(prefix) ? await compareArgon2id(inner.verifier, inner.password) : undefined;
  if (matches !== undefined) return matches;
  await verify(decoy, password);
  return false;
}

async function compareArgon2id(verifier: string, password: string): Promise<boolean | undefined> {
  try {
    const { memoryCost, timeCost } = parseOptions(verifier);
    if (memoryCost > memoryCostMax || timeCost > timeCostMax) return undefined;
    return await verify(verifier, password);
  } catch {
    // The library throws on anything it cannot parse, and has no other way of saying so.
    return undefined;
  }
}
