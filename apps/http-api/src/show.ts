import type { BalanceAnswer, Hop, LiveSession, LoggedMessage } from '@heliograph/message';
import type { z } from 'zod';
import { creditsText } from './credits.ts';
import type { balance, message, session, trace } from './schema.ts';

/** What the services answer, in the API's words. Which provider carried a message is said in its trace only. */

export function showMessage(logged: LoggedMessage): z.infer<typeof message> {
  const { content } = logged;
  return {
    id: logged.id,
    to: logged.to,
    from: logged.from.addr,
    ...(content?.kind === 'text' ? { text: content.text } : {}),
    ...(content?.kind === 'binary' ? { octets: content.octets } : {}),
    class: logged.class,
    flash: logged.flash ?? false,
    segments: logged.segments,
    credits: creditsText(BigInt(logged.microCredits)),
    ...(logged.reference === undefined ? {} : { reference: logged.reference }),
    state: logged.state,
    ...(logged.reason === undefined ? {} : { reason: logged.reason }),
    ...(logged.errorCode === undefined ? {} : { errorCode: logged.errorCode }),
    acceptedAt: timeText(logged.acceptedAtMs),
    ...(logged.sendAtMs === undefined ? {} : { sendAt: timeText(logged.sendAtMs) }),
    validUntil: timeText(logged.validUntilMs),
    ...(logged.sentAtMs === undefined ? {} : { sentAt: timeText(logged.sentAtMs) }),
    stateAt: timeText(logged.stateAtMs),
  };
}

export function showTrace({ id, state }: LoggedMessage, hops: readonly Hop[]): z.infer<typeof trace> {
  return {
    id,
    state,
    hops: hops.map(({ atMs, detail, ...hop }) => ({
      ...hop,
      at: timeText(atMs),
      detail: showDetail(detail),
    })),
  };
}

/** Times are texts everywhere in the API: `sendAtMs` becomes `sendAt`. */
function showDetail(detail: Hop['detail']): Record<string, string | number | string[]> {
  return Object.fromEntries(
    Object.entries(detail).map(([key, value]) =>
      key.endsWith('AtMs') ? [key.slice(0, -'Ms'.length), timeText(Number(value))] : [key, value as string | number | string[]],
    ),
  );
}

/** Credit that is leased is the tenant's to spend as well, so what it can spend falls by exactly the price of a message. */
export function showBalance(answer: BalanceAnswer): z.infer<typeof balance> {
  const inAccount = BigInt(answer.balanceMicroCredits);
  const leased = BigInt(answer.leasedMicroCredits);
  return {
    credits: creditsText(inAccount + leased),
    balance: creditsText(inAccount),
    leased: creditsText(leased),
    charged: creditsText(BigInt(answer.chargedMicroCredits)),
    refunded: creditsText(BigInt(answer.refundedMicroCredits)),
    funds: creditsText(BigInt(answer.fundsMicroCredits)),
  };
}

export function showSession(live: LiveSession): z.infer<typeof session> {
  const { credential: _, sinceMs, pdusIn, pdusOut, octetsIn, octetsOut, ...shown } = live;
  return { ...shown, since: timeText(sinceMs), counters: { pdusIn, pdusOut, octetsIn, octetsOut } };
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
