import { testConnector, type Hop, type LoggedMessage } from '@heliograph/message';
import type { z } from 'zod';
import { creditsText } from '../credits/credits.ts';
import { timeText } from '../http/time.ts';
import type { message, trace } from './schema.ts';

/** What the services answer, in the API's words. Which provider carried a message is said in its trace only. */

/** `costs`: to an operator; what its provider takes is not the tenant's to know. */
export function showMessage(logged: LoggedMessage, costs = false): z.infer<typeof message> {
  const { content } = logged;
  return {
    id: logged.id,
    to: logged.to,
    from: logged.from.addr,
    ...(content?.kind === 'text' ? { text: content.text } : {}),
    ...(content?.kind === 'binary' ? { octets: content.octets } : {}),
    ...(content?.udh === undefined ? {} : { udh: content.udh }),
    ...(logged.connector === testConnector ? { test: true } : {}),
    class: logged.class,
    flash: logged.flash ?? false,
    segments: logged.segments,
    credits: creditsText(BigInt(logged.microCredits)),
    ...(costs ? costOf(logged) : {}),
    ...(logged.reference === undefined ? {} : { reference: logged.reference }),
    state: logged.state,
    ...(logged.reason === undefined ? {} : { reason: logged.reason }),
    ...(logged.errorCode === undefined ? {} : { errorCode: logged.errorCode }),
    ...(logged.held !== undefined && logged.state === 'scheduled' ? { held: true } : {}),
    acceptedAt: timeText(logged.acceptedAtMs),
    ...(logged.sendAtMs === undefined ? {} : { sendAt: timeText(logged.sendAtMs) }),
    validUntil: timeText(logged.validUntilMs),
    ...(logged.sentAtMs === undefined ? {} : { sentAt: timeText(logged.sentAtMs) }),
    stateAt: timeText(logged.stateAtMs),
  };
}

function costOf({ microCredits, buyMicroCredits }: LoggedMessage): { cost?: string; margin?: string } {
  if (buyMicroCredits === undefined) return {};
  return { cost: creditsText(BigInt(buyMicroCredits)), margin: creditsText(BigInt(microCredits) - BigInt(buyMicroCredits)) };
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
