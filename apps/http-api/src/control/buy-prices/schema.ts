import { z } from 'zod';
import { named } from '../../http/schema.ts';
import { pricesGiven } from '../price-plans/price.ts';

export const connectorPricesPut = z.strictObject({ prices: pricesGiven });

export const connectorPrices = z.strictObject({ priceCount: z.int().min(0).describe('how many prices it has') });

named.add(connectorPricesPut, { id: 'ConnectorPricesPut' });
named.add(connectorPrices, { id: 'ConnectorPrices' });
