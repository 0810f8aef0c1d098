import type { RegistryDatabase } from './database.ts';

/** What the doors tell the owner of the registry about credentials. Asked of any http-api. */
export const credentialSubjects = { used: 'credentials.used', upgrade: 'credentials.upgrade' } as const;

/** `uses`: one of a credential. */
export interface CredentialsUsed {
  readonly uses: readonly CredentialUse[];
}

export interface CredentialUse {
  readonly credential: string;
  readonly atMs: number;
  readonly address: string;
}

/** Verifiers of one secret: `to` is written only while `from` is stored. */
export interface CredentialUpgrade {
  readonly credential: string;
  readonly from: string;
  readonly to: string;
}

export interface CredentialUpgraded {
  readonly upgraded: boolean;
}

/** Which credentials were used, told now and then: one look-up in memory a use. */
export interface CredentialUses {
  saw(credential: string, address: string): void;
  /** Tells what was seen since; keeps it when nobody answers. */
  tell(): Promise<void>;
  /** Tells the rest. */
  stop(): Promise<void>;
}

export interface CredentialUsesOptions {
  readonly ask: (subject: string, question: object, timeoutMs: number) => Promise<object | undefined>;
  /** Who is using one all the time, such as a bound session: looked at each time before telling. */
  readonly inUse?: () => Iterable<Pick<CredentialUse, 'credential' | 'address'>>;
  readonly everyMs?: number;
  readonly now?: () => number;
}

/** Some 120 octets each; a question must fit NATS's megabyte. */
const usesMax = 5_000;
const askTimeoutMs = 2_000;

export function createCredentialUses({ ask, inUse = () => [], everyMs = 10_000, now = Date.now }: CredentialUsesOptions): CredentialUses {
  let seen = new Map<string, { credential: string; atMs: number; address: string }>();
  let telling: Promise<void> = Promise.resolve();

  function saw(credential: string, address: string): void {
    const use = seen.get(credential);
    if (!use) return void seen.set(credential, { credential, atMs: now(), address });
    use.atMs = now();
    use.address = address;
  }

  async function tellAll(): Promise<void> {
    for (const { credential, address } of inUse()) saw(credential, address);
    const uses = [...seen.values()];
    seen = new Map();
    for (let first = 0; first < uses.length; first += usesMax) {
      const some = uses.slice(first, first + usesMax);
      const question: CredentialsUsed = { uses: some };
      if (await ask(credentialSubjects.used, question, askTimeoutMs)) continue;
      // what was seen meanwhile is newer
      for (const use of some) if (!seen.has(use.credential)) seen.set(use.credential, use);
    }
  }

  const tell = (): Promise<void> => (telling = telling.then(tellAll));
  const timer = setInterval(() => void tell(), everyMs).unref();
  return {
    saw,
    tell,
    async stop() {
      clearInterval(timer);
      await tell();
    },
  };
}

/** Writes them down; a use that is older than what is there changes nothing, nor does one of a credential that is gone. Rejects when the database fails. */
export async function recordUses(database: RegistryDatabase, uses: readonly CredentialUse[]): Promise<void> {
  // locked in the order of the ids: two processes that write the same ones do not wait for each other in a circle
  await database.$executeRaw`
    INSERT INTO "registry"."credential_use" AS "known" ("credential_id", "used_at", "address")
    SELECT "credential"."id", to_timestamp("use"."atMs" / 1000), "use"."address"
    FROM jsonb_to_recordset(${JSON.stringify(uses)}::jsonb) AS "use" ("credential" text, "atMs" double precision, "address" text)
    JOIN "registry"."credential" ON "credential"."id" = "use"."credential"
    ORDER BY "credential"."id"
    FOR KEY SHARE OF "credential"
    ON CONFLICT ("credential_id") DO UPDATE SET
      "used_at" = GREATEST("known"."used_at", EXCLUDED."used_at"),
      "address" = CASE WHEN EXCLUDED."used_at" >= "known"."used_at" THEN EXCLUDED."address" ELSE "known"."address" END`;
}
