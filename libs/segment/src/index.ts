export { decodeGsm, encodeGsm, isGsm } from './gsm.ts';
export { packSeptets, unpackSeptets } from './septets.ts';
export { decodeLatin1, decodeUcs2, encodeLatin1, encodeUcs2 } from './octets.ts';
export { parseUdh } from './udh.ts';
export type { Concat, Udh, UdhElement } from './udh.ts';
export { countSegments, joinSegments, segmentText } from './segment.ts';
export type { Alphabet, CountOptions, JoinPart, Segment, SegmentCount, Segmented, SegmentOptions } from './segment.ts';
export { decodeShortMessage, encodeShortMessage } from './short-message.ts';
export type {
  DecodedShortMessage,
  EncodedShortMessage,
  DefaultAlphabet,
  EncodeShortMessageInput,
  ShortMessage,
  TextAlphabet,
} from './short-message.ts';
