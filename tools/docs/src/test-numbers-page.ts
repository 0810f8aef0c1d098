import { testDeliveries, testRefusals, type TestRefusal } from '@heliograph/message';

/** docs/test-numbers.md: what each test number does, from the tables that the code runs by. */
export function testNumbersPage(): string {
  return `# Test numbers and test keys

Made from \`libs/message/src/test-number.ts\` by \`npm run docs\`; a test says when it is stale.

Messages to numbers that begin with \`+1555010\` are tests, whoever sends them and through whichever door. They never leave the platform, need no route and
no price, cost nothing, and end as their number says: with receipts, reports, webhooks, history and trace like any other message. They count for your pace.

A credential in mode \`test\` reaches nobody: all it sends is a test, and what it sends to a number that is not below is delivered as to \`${testDeliveries[0]?.number}\`.
Schedules, cancelling and \`POST /v1/messages:preview\` work as usual.

## Accepted

| number | what happens to a message |
| --- | --- |
${testDeliveries.map(({ number, does }) => `| \`${number}\` | ${does} |`).join('\n')}
| any other | as \`${testDeliveries[0]?.number}\` |

In the trace the connector of all of them is \`test\`.

## Refused

| number | reason | HTTP API | SMPP |
| --- | --- | --- | --- |
${testRefusals.map(({ number, reason }) => `| \`${number}\` | \`${reason}\` | ${words[reason].http} | ${words[reason].smpp} |`).join('\n')}

Other doors answer these reasons in their own words. The SMPP answer to \`no_credit\` can be set (\`SMPP_NO_CREDIT_STATUS\`).
`;
}

/** As the doors' own tables have it; the end-to-end test sees both. */
const words: Readonly<Record<TestRefusal['reason'], { readonly http: number; readonly smpp: string }>> = {
  no_credit: { http: 402, smpp: '`0x45` ESME_RSUBMITFAIL' },
  bad_number: { http: 422, smpp: '`0x0B` ESME_RINVDSTADR' },
  throttled: { http: 429, smpp: '`0x58` ESME_RTHROTTLED' },
  unavailable: { http: 503, smpp: '`0x08` ESME_RSYSERR' },
};
