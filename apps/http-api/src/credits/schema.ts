import { z } from 'zod';
import { credits, named } from '../http/schema.ts';

export const balance = z.strictObject({
  credits: credits.describe('what you can spend: balance and leased'),
  balance: credits.describe('in your account'),
  leased: credits.describe('of it, lent to the gateways that take your messages, for some seconds'),
  charged: credits.describe('charged so far'),
  refunded: credits.describe('given back so far'),
  funds: credits.describe('paid in so far: balance + leased + charged - refunded'),
});

named.add(balance, { id: 'Balance' });
