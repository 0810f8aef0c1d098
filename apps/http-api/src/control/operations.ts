import type { Operations } from '../http/endpoint.ts';
import { createAuditOperations, type AuditOperationsOptions } from './audit/operations.ts';
import { createConnectorOperations, type ConnectorOperationsOptions } from './connectors/operations.ts';
import { createDifferenceOperations, type DifferenceOperationsOptions } from './differences/operations.ts';
import type { controlEndpoints } from './endpoints.ts';
import { createBuyPriceOperations } from './buy-prices/operations.ts';
import { createInboundRouteOperations } from './inbound-routes/operations.ts';
import { createMarginOperations } from './margins/operations.ts';
import { createNumberRangeOperations } from './number-ranges/operations.ts';
import { createPricePlanOperations } from './price-plans/operations.ts';
import { createRouteDraftOperations } from './route-drafts/operations.ts';
import { createRouteVersionOperations } from './route-versions/operations.ts';
import { createRouteOperations, type RouteOperationsOptions } from './routes/operations.ts';
import { createTenantOperations } from './tenants/operations.ts';
import { createTopUpOperations, type TopUpOperationsOptions } from './top-ups/operations.ts';

export type ControlOperationsOptions = AuditOperationsOptions &
  ConnectorOperationsOptions &
  TopUpOperationsOptions &
  RouteOperationsOptions &
  DifferenceOperationsOptions;

export function createControlOperations(options: ControlOperationsOptions): Operations<typeof controlEndpoints> {
  return {
    ...createTenantOperations(options),
    ...createTopUpOperations(options),
    ...createConnectorOperations(options),
    ...createRouteOperations(options),
    ...createInboundRouteOperations(options),
    ...createRouteVersionOperations(options),
    ...createRouteDraftOperations(options),
    ...createPricePlanOperations(options),
    ...createBuyPriceOperations(options),
    ...createNumberRangeOperations(options),
    ...createMarginOperations(options),
    ...createDifferenceOperations(options),
    ...createAuditOperations(options),
  };
}
