import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openRegistry, smppConnectorSettings } from '@heliograph/registry';
import { eventually, startServers, type TestServers } from '@heliograph/testbed';
import { startForeignCarrier, type ForeignCarrier, type ForeignSubmit } from '../src/foreign-carrier.ts';
import { connectSmpp, type SmppClient } from '../src/smpp-client.ts';
import { startStack, type Stack } from '../src/stack.ts';

/** npm `smpp` on both ends of the road, and Heliograph between: nobody here speaks SMPP but by other hands. */
let servers: TestServers;
let carrier: ForeignCarrier;
let stack: Stack;
let client: SmppClient;

/** One id in hex in submit_sm_resp and in zero-padded decimal in the receipt, as some providers have it. */
const firstId = 0x38601fa; // 0059113978
const idsOf = (count: number) => ({
  answered: (firstId + count).toString(16),
  reported: String(firstId + count).padStart(10, '0'),
});
const endOf = ({ destination_addr: to }: ForeignSubmit) =>
  to.endsWith('99') ? { stat: 'UNDELIV', err: '027' } : { stat: 'DELIVRD', err: '000' };

beforeAll(async () => {
  [servers, carrier] = await Promise.all([startServers(), startForeignCarrier({ idsOf, endOf })]);
  stack = await startStack({ carrierPort: carrier.port, env: { DATABASE_URL: servers.databaseUrl, NATS_URL: servers.natsUrl } });
  await setIdForms();
  const { host, port, systemId, password } = stack.ready.smpp;
  client = await connectSmpp({ url: `smpp://${host}:${port}`, systemId, password });
}, 60_000);

afterAll(async () => {
  client?.close();
  await stack?.stop();
  carrier?.stop();
  await servers?.stop();
}, 60_000);

/** As an operator would who has seen this provider's receipts. The connector binds anew with it. */
async function setIdForms(): Promise<void> {
  const binds = await eventually('the first bind', () => carrier.binds);
  const database = openRegistry(servers.databaseUrl, 1);
  try {
    const [connector] = await database.connector.findMany();
    const before = smppConnectorSettings.parse(connector?.settings);
    const settings = { ...before, respIdForm: 'hex', receiptIdForm: 'decimal' } as const;
    await database.connector.update({ where: { id: connector?.id as string }, data: { settings } });
  } finally {
    await database.$disconnect();
  }
  await eventually('a bind with the new settings', () => carrier.binds > binds);
}

let next = 0;
const number = (ending = '00'): string => `4479${String(100_000 + next++)}${ending}`;
const ucs2 = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();
const partHeader = (part: number): Buffer => Buffer.from([5, 0, 3, 0x77, 2, part]);
const portHeader = Buffer.from('0605040b8423f0', 'hex');
const longText = 'Cut into parts by Heliograph, put together by nobody here. '.repeat(6).slice(0, 320);

interface Case {
  readonly fields: Record<string, unknown>;
  /** Of each submit_sm that the provider gets. */
  readonly bodies: readonly (string | Buffer)[];
  readonly data_coding: number;
}

const cases: Record<string, Case> = {
  'a GSM text': { fields: { short_message: Buffer.from('Hello') }, bodies: ['Hello'], data_coding: 0 },
  'a Unicode text': {
    fields: { data_coding: 8, short_message: ucs2('Привет 😀') },
    bodies: ['Привет 😀'],
    data_coding: 8,
  },
  'a long text in message_payload': {
    fields: { message_payload: Buffer.from(longText) },
    bodies: [longText.slice(0, 153), longText.slice(153, 306), longText.slice(306)],
    data_coding: 0,
  },
  'octets behind a port header': {
    fields: { data_coding: 4, esm_class: 0x40, short_message: Buffer.concat([portHeader, Buffer.from([0, 1, 0x80, 0xff])]) },
    bodies: [Buffer.from([0, 1, 0x80, 0xff])],
    data_coding: 4,
  },
  'a part that the client cut': {
    fields: { esm_class: 0x40, short_message: Buffer.concat([partHeader(1), Buffer.from('one of two')]) },
    bodies: ['one of two'],
    data_coding: 0,
  },
};

test.each(Object.entries(cases))(
  '%s reaches a foreign provider as it was meant, and its receipt of other ids comes back',
  async (_, wanted) => {
    const to = number();
    const answer = await client.submit({ ...addresses(to), ...wanted.fields });
    expect(answer.command_status).toBe(0);
    const receipt = await eventually('the receipt', () => client.receipts.find(({ id }) => id === answer.message_id));
    expect(receipt).toMatchObject({ stat: 'DELIVRD', text: expect.stringContaining('err:000') });
    const submits = carrier.submits.filter(({ destination_addr }) => destination_addr === to);
    expect(submits.map(({ short_message }) => short_message.message)).toEqual(wanted.bodies);
    for (const submit of submits) {
      expect(submit).toMatchObject({ source_addr: 'Helio', registered_delivery: 1, data_coding: wanted.data_coding });
      const hasHeader = wanted.bodies.length > 1 || wanted.fields['esm_class'] !== undefined;
      expect((submit.esm_class & 0x40) !== 0).toBe(hasHeader);
    }
  },
);

test('the header of a message that the client cut or addressed to a port goes out as it came', () => {
  const headers = carrier.submits.flatMap(({ short_message: { udh = [] } }) => udh.map((element) => element.toString('hex')));
  expect(headers).toEqual(expect.arrayContaining([partHeader(1).subarray(1).toString('hex'), portHeader.subarray(1).toString('hex')]));
});

test("a message that the foreign provider could not deliver is reported with the provider's error", async () => {
  const answer = await client.submit({ ...addresses(number('99')), short_message: Buffer.from('nobody there') });
  const receipt = await eventually('the receipt', () => client.receipts.find(({ id }) => id === answer.message_id));
  expect(receipt).toMatchObject({ stat: 'UNDELIV', text: expect.stringContaining('err:027') });
});

test('no receipt was lost, none came twice', () => {
  expect(client.receipts).toHaveLength(Object.keys(cases).length + 1);
});

function addresses(to: string): Record<string, unknown> {
  return { source_addr: 'Helio', source_addr_ton: 5, destination_addr: to, dest_addr_ton: 1, dest_addr_npi: 1, registered_delivery: 1 };
}
