import { bodyProblems, type Endpoint } from '../http/endpoint.ts';
import { balance, lowBalance, lowBalanceBody, statement, statementQuery } from './schema.ts';

/** A tenant's credits. */
export const creditEndpoints = {
  balance: {
    method: 'get',
    path: '/v1/balance',
    scope: 'balance:read',
    ofTenant: true,
    summary: 'Look at your credits',
    description: 'At every moment funds = balance + leased + charged - refunded.',
    answer: { status: 200, description: 'Your credits', schemas: [balance] },
    problems: ['unavailable'],
  },
  statement: {
    method: 'get',
    path: '/v1/statement',
    scope: 'balance:read',
    ofTenant: true,
    csv: true,
    summary: 'Get a statement of your credits',
    description:
      'What days did to what you can spend, to the last place: opening and all lines are closing, and that is the opening of the next. A message is charged on the day ' +
      'on which the ledger has it, some seconds after it is accepted at the most. A day that is over does not change. With format=csv or Accept: text/csv as a table, ' +
      'whose first line is the opening and whose last is the closing.',
    query: statementQuery,
    answer: { status: 200, description: 'The statement', schemas: [statement] },
    problems: ['invalid', 'unavailable'],
  },
  lowBalance: {
    method: 'get',
    path: '/v1/low-balance',
    scope: 'balance:read',
    ofTenant: true,
    summary: 'Look at your thresholds',
    description: 'Below which your webhook is told of your credits.',
    answer: { status: 200, description: 'Your thresholds', schemas: [lowBalance] },
    problems: ['unavailable'],
  },
  putLowBalance: {
    method: 'put',
    path: '/v1/low-balance',
    scope: 'webhook:write',
    ofTenant: true,
    summary: 'Be told when your credits are low',
    description:
      'When what you can spend falls below one of these, a signed balance.low is posted to your webhook, tried again as a report is: once, and again when you have ' +
      'topped up above it and fall below it another time. One that is above what you have now counts from then on.',
    body: lowBalanceBody,
    examples: { two: { thresholds: ['100', '10'] }, none: { thresholds: [] } },
    answer: { status: 200, description: 'Your thresholds', schemas: [lowBalance] },
    problems: [...bodyProblems, 'unavailable'],
  },
} as const satisfies Record<string, Endpoint>;
