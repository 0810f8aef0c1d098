export { behaviourNames, behavioursByEnding, defaultBehaviourOptions, type BehaviourName, type BehaviourOptions } from './behaviour.ts';
export { startCarrier, type Carrier, type CarrierOptions, type CarrierStats, type CarrierView } from './carrier.ts';
export type { InboundRequest, InboundSent } from './inbound.ts';
export type { ReceivedMessage } from './inbox.ts';
