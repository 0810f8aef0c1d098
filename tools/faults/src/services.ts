/** All of a stack, in the order of the flow. */
export const services = [
  'smpp-ingress',
  'http-api',
  'router',
  'connector-smpp',
  'dlr-forwarder',
  'billing-credits',
  'message-log',
] as const;
