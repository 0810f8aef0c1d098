import type { Platform } from './platform.ts';
import { tenants } from './platform.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

/** What a tenant asked for and was told. */
export interface Asked {
  readonly token: string;
  readonly tenant: string;
  readonly reportWanted: boolean;
  readonly askedAtMs: number;
  /** Undefined: the door did not answer, or not yet. */
  answer: { readonly ok: true; readonly id: string } | { readonly ok: false; readonly reason: string } | undefined;
}

export interface Traffic {
  readonly asked: readonly Asked[];
  stop(): void;
}

export const validMsMax = 5 * 60_000;

/** Tenants submit at random times, each message with a name of its own in its text. */
export function startTraffic(world: World, platform: Platform, random: Random, perHour: number): Traffic {
  const { scheduler, trail } = world;
  const asked: Asked[] = [];
  let stopped = false;

  function next(): void {
    if (stopped) return;
    scheduler.after(random.around(3_600_000 / perHour), come, scheduler.world);
  }

  function come(): void {
    next();
    for (let left = random.chance(0.1) ? random.integer(2, 20) : 1; left > 0; left--) ask();
  }

  function ask(): void {
    const token = `m${asked.length + 1}`;
    const one: Asked = {
      token,
      tenant: random.pick(tenants),
      reportWanted: random.chance(0.8),
      askedAtMs: scheduler.nowMs,
      answer: undefined,
    };
    const submission = submissionOf(one);
    const { door } = platform;
    const { process } = door.supervised;
    asked.push(one);
    scheduler.after(
      0,
      () => {
        trail.tell(`${one.tenant} asks ${token}`);
        void door.accept?.submit(submission).then((answer) => {
          one.answer = answer;
          trail.tell(answer.ok ? `${token} is accepted as ${answer.id}` : `${token} is refused: ${answer.reason}`);
        });
      },
      process,
    );
  }

  function submissionOf({ token, tenant, reportWanted }: Asked) {
    const number = random.integer(100_000, 999_999);
    const now = scheduler.nowMs;
    const waits = random.chance(0.05);
    const sendAtMs = now + random.integer(1_000, 4 * 60_000);
    return {
      credential: `${tenant}-smpp`,
      door: 'smpp' as const,
      from: { addr: 'simulated' },
      to: { addr: random.chance(0.5) ? `+31612${number}` : `+44770090${String(number).slice(0, 4)}` },
      content: { kind: 'text' as const, text: `${token}z`.repeat(random.chance(0.1) ? Math.ceil(300 / (token.length + 1)) : 1) },
      class: random.pick(['otp', 'normal', 'bulk'] as const),
      registeredDelivery: reportWanted ? 1 : 0,
      validUntilMs: (waits ? sendAtMs : now) + random.integer(30_000, validMsMax),
      ...(waits ? { sendAtMs } : {}),
    };
  }

  next();
  return { asked, stop: () => void (stopped = true) };
}
