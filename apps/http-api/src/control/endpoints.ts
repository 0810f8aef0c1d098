import { auditEndpoints } from './audit/endpoints.ts';
import { connectorEndpoints } from './connectors/endpoints.ts';
import { differenceEndpoints } from './differences/endpoints.ts';
import { buyPriceEndpoints } from './buy-prices/endpoints.ts';
import { inboundRouteEndpoints } from './inbound-routes/endpoints.ts';
import { marginEndpoints } from './margins/endpoints.ts';
import { numberRangeEndpoints } from './number-ranges/endpoints.ts';
import { pricePlanEndpoints } from './price-plans/endpoints.ts';
import { routeDraftEndpoints } from './route-drafts/endpoints.ts';
import { routeVersionEndpoints } from './route-versions/endpoints.ts';
import { routeEndpoints } from './routes/endpoints.ts';
import { tenantEndpoints } from './tenants/endpoints.ts';
import { topUpEndpoints } from './top-ups/endpoints.ts';

/** The control plane. */
export const controlEndpoints = {
  ...tenantEndpoints,
  ...topUpEndpoints,
  ...connectorEndpoints,
  ...routeEndpoints,
  ...inboundRouteEndpoints,
  ...routeVersionEndpoints,
  ...routeDraftEndpoints,
  ...pricePlanEndpoints,
  ...buyPriceEndpoints,
  ...numberRangeEndpoints,
  ...marginEndpoints,
  ...differenceEndpoints,
  ...auditEndpoints,
} as const;
