import { isId, type FinalState, type MessageReported } from '@heliograph/message';
import { readMicroCredits } from './amount.ts';

/** A charge to give back, if the message never had it back before. */
export interface RefundDue {
  readonly messageId: string;
  readonly tenant: string;
  readonly state: FinalState;
  readonly microCredits: bigint;
}

/** `refundedStates`: the final states that the tenant's price plan does not let it pay for. */
export function refundOf({ message, state }: MessageReported, refundedStates: ReadonlySet<FinalState>): RefundDue | undefined {
  const microCredits = readMicroCredits(message.charge?.microCredits);
  if (!refundedStates.has(state) || microCredits === undefined || microCredits === 0n || !isId(message.id)) return undefined;
  return { messageId: message.id, tenant: message.tenant, state, microCredits };
}
