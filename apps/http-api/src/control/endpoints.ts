import { auditEndpoints } from './audit/endpoints.ts';
import { connectorEndpoints } from './connectors/endpoints.ts';
import { pricePlanEndpoints } from './price-plans/endpoints.ts';
import { routeEndpoints } from './routes/endpoints.ts';
import { tenantEndpoints } from './tenants/endpoints.ts';
import { topUpEndpoints } from './top-ups/endpoints.ts';

/** The control plane. */
export const controlEndpoints = {
  ...tenantEndpoints,
  ...topUpEndpoints,
  ...connectorEndpoints,
  ...routeEndpoints,
  ...pricePlanEndpoints,
  ...auditEndpoints,
} as const;
