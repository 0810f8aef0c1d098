import { newId, type InboundReceived } from '@heliograph/message';

/** A handset's message as a connector gives it: text in GSM octets. */
export function inboundEvent({ text, ...special }: Partial<InboundReceived> & { readonly text?: string } = {}): InboundReceived {
  return {
    type: 'inbound.received',
    at: 1_000,
    id: newId(),
    connector: 'demo',
    group: 'demo',
    from: { addr: '31612345678', ton: 1, npi: 1 },
    to: { addr: '31699887766', ton: 1, npi: 1 },
    dataCoding: 0,
    alphabet: 'gsm',
    octets: Buffer.from(text ?? 'hello', 'latin1').toString('base64'),
    ...special,
  };
}
