export { createPasswordGate, hashPassword, verifyNothing, verifyPassword } from './password.ts';
export type { PasswordCheck, PasswordGate } from './password.ts';
export { digestApiKey, lookupIdOf, matchesApiKey, newApiKey } from './api-key.ts';
export type { ApiKey } from './api-key.ts';
export { createVault, deriveSecret } from './vault.ts';
export type { Vault } from './vault.ts';
export { isWebhookSecret, newWebhookSecret, signWebhook, verifyWebhook } from './webhook.ts';
export type { SignedWebhook, WebhookContent } from './webhook.ts';
