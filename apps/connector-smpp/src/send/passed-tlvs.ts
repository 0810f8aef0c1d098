import { noTlvs, tlvNameOfTag, type Tlv } from '@heliograph/smpp';
import type { PassedTlv } from '@heliograph/message';
import type { SmppConnectorSettings } from '@heliograph/registry';

export type TlvRule = Pick<SmppConnectorSettings, 'passTlvs' | 'addTlvs'>;

/** The TLVs that go out beside the message: the connector's own, and those of the tenant's that its rule lets through and it has not itself. */
export function passedTlvs(given: readonly PassedTlv[] = [], { passTlvs, addTlvs }: TlvRule): readonly Tlv[] {
  if (addTlvs.length === 0 && (given.length === 0 || passTlvs === 'none')) return noTlvs;
  const own = new Set(addTlvs.map(({ tag }) => tag));
  const passes = passOf(passTlvs);
  const passed = given.filter(({ tag }) => !own.has(tag) && passes(tag));
  return [...passed, ...addTlvs].map(({ tag, value }) => ({ tag, value: Buffer.from(value, 'hex') }));
}

function passOf(rule: TlvRule['passTlvs']): (tag: number) => boolean {
  switch (rule) {
    case 'none':
      return () => false;
    case 'all':
      return () => true;
    case 'standard':
      return (tag) => tlvNameOfTag(tag) !== undefined;
    default:
      return (tag) => rule.includes(tag);
  }
}
