/** What all of the API writes amounts with; the webhooks of dlr-forwarder have the same words. */
export { creditsText } from '@heliograph/message';
