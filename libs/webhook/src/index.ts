export { isPrivateAddress, PrivateAddressError, publicLookup } from './address.ts';
export { isWebhookUrl, webhookUrlRule } from './url.ts';
