import { z } from 'zod';
import { named } from '../../http/schema.ts';
import { id, next, prefix } from '../schema.ts';

const fields = { prefix, connectorId: id.describe('where messages to these numbers go') };

export const routePut = z.strictObject(fields);

export const route = z.strictObject({ id, ...fields });

export const routeList = z.strictObject({ routes: z.array(route).describe('by id'), next });

named.add(routePut, { id: 'RoutePut' });
named.add(route, { id: 'Route' });
named.add(routeList, { id: 'RouteList' });
