import type { Operations } from '../http/endpoint.ts';
import { createAuditOperations, type AuditOperationsOptions } from './audit/operations.ts';
import { createConnectorOperations, type ConnectorOperationsOptions } from './connectors/operations.ts';
import type { controlEndpoints } from './endpoints.ts';
import { createPricePlanOperations } from './price-plans/operations.ts';
import { createRouteOperations } from './routes/operations.ts';
import { createTenantOperations } from './tenants/operations.ts';
import { createTopUpOperations, type TopUpOperationsOptions } from './top-ups/operations.ts';

export type ControlOperationsOptions = AuditOperationsOptions & ConnectorOperationsOptions & TopUpOperationsOptions;

export function createControlOperations(options: ControlOperationsOptions): Operations<typeof controlEndpoints> {
  return {
    ...createTenantOperations(options),
    ...createTopUpOperations(options),
    ...createConnectorOperations(options),
    ...createRouteOperations(options),
    ...createPricePlanOperations(options),
    ...createAuditOperations(options),
  };
}
