import {
  withoutDashes,
  type Content,
  type Door,
  type FailureReason,
  type LoggedMessage,
  type MessageClass,
  type MessageState,
} from '@heliograph/message';
import type { MessageModel } from '../generated/models.ts';

/** A row of the table as those who ask know it. */
export function messageOf(row: MessageModel): LoggedMessage {
  const content = contentOf(row);
  return {
    id: withoutDashes(row.id),
    tenant: row.tenant,
    credential: row.credential ?? '',
    door: row.door as Door,
    from: { addr: row.fromAddr ?? '', ton: row.fromTon ?? 0, npi: row.fromNpi ?? 0 },
    to: row.toAddr ?? '',
    class: row.class as MessageClass,
    segments: row.segments ?? 0,
    microCredits: String(row.microCredits ?? 0n),
    acceptedAtMs: row.acceptedAt?.getTime() ?? 0,
    ...(row.sendAt === null ? {} : { sendAtMs: row.sendAt.getTime() }),
    validUntilMs: row.validUntil?.getTime() ?? 0,
    state: row.state as MessageState,
    stateAtMs: row.stateAt.getTime(),
    providerIds: row.providerIds,
    ...(content ? { content } : {}),
    ...(row.flash ? { flash: true } : {}),
    ...(row.held === null ? {} : { held: row.held as NonNullable<LoggedMessage['held']> }),
    ...(row.receiptId === null ? {} : { receiptId: row.receiptId }),
    ...(row.reference === null ? {} : { reference: row.reference }),
    ...(row.reason === '' ? {} : { reason: row.reason as FailureReason }),
    ...(row.errorCode === '' ? {} : { errorCode: row.errorCode }),
    ...(row.connector === null ? {} : { connector: row.connector }),
    ...(row.buyMicroCredits === null ? {} : { buyMicroCredits: String(row.buyMicroCredits) }),
    ...(row.routedAt === null ? {} : { routedAtMs: row.routedAt.getTime() }),
    ...(row.sentAt === null ? {} : { sentAtMs: row.sentAt.getTime() }),
  };
}

function contentOf({ text, octets, udh }: MessageModel): Content | undefined {
  const header = udh === null ? {} : { udh };
  if (text !== null) return { kind: 'text', text, ...header };
  if (octets !== null) return { kind: 'binary', octets, ...header };
  return undefined;
}
