export * from './constants.ts';
export { type DestAddress, type UnsuccessSme } from './fields.ts';
export * from './pdus.ts';
export * from './tlvs.ts';
export { type Decoded, type DecodeFailure, decodePdu, encodePdu } from './codec.ts';
export * from './framer.ts';
export { freest } from './freest.ts';
export { type Role, type SessionState, type BoundState } from './states.ts';
export { type SessionTimers } from './timers.ts';
export { type RequestOutcome } from './window.ts';
export * from './session-api.ts';
export { createSession } from './session.ts';
export * from './listen.ts';
export {
  type MessageState,
  type ProviderIdBase,
  type ProviderIdProfile,
  type Receipt,
  type ReceiptToWrite,
  formatReceipt,
  isIntermediateNotification,
  isReceipt,
  messageStateOfNumber,
  messageStateOfStat,
  messageStates,
  normalizeProviderId,
  parseReceipt,
  receiptTlvs,
  statTexts,
} from './receipt.ts';
export { parseProxyHeader, proxyHeaderOctetsMax, type ProxyHeader } from './proxy-protocol.ts';
export * from './time.ts';
