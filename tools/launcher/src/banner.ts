import type { DemoCredentials } from './demo.ts';

/** All that is told when everything runs. */
export interface Summary {
  smpp: { host: string; port: number; tlsPort: number } & Pick<DemoCredentials, 'systemId' | 'password'>;
  http: { url: string } & Pick<DemoCredentials, 'apiKey' | 'operatorKey'>;
  /** Where the built-in carrier shows what it was sent; undefined with a carrier of one's own. */
  carrierUrl: string | undefined;
  data: string;
  /** Pids by name, embedded servers included. */
  processes: Record<string, number>;
}

/** One line for scripts. */
export function summaryJson({ smpp, http, data, processes }: Summary): string {
  const { host, port, tlsPort, systemId, password } = smpp;
  return (
    JSON.stringify({
      ready: true,
      smpp: { host, port, tlsPort, systemId, password },
      http: { url: http.url, apiKey: http.apiKey, operatorKey: http.operatorKey },
      data,
      processes,
    }) + '\n'
  );
}

/** A block for people: what to try next. */
export function summaryText({ smpp, http, carrierUrl, data }: Summary): string {
  return `
Heliograph is ready.

  SMPP        ${smpp.host}:${smpp.port}   (TLS, self-signed: ${smpp.host}:${smpp.tlsPort})
  system id   ${smpp.systemId}
  password    ${smpp.password}
  operator    ${http.operatorKey}   (API key of the operator)

  Send a message:
    curl ${http.url}/v1/messages -H 'Authorization: Bearer ${http.apiKey}' \\
      -H 'Content-Type: application/json' -d '{"to":"+15551234567","text":"Hello"}'

  See its way, with the id from the answer:
    curl ${http.url}/v1/messages/<id>/trace -H 'Authorization: Bearer ${http.apiKey}'

  API page    ${http.url}/docs   (reports by webhook: PUT ${http.url}/v1/webhook)
${carrierUrl === undefined ? '' : `  carrier     ${carrierUrl}/messages   (the built-in one: what it was sent)\n`}  data, logs  ${data}

  Ctrl-C stops everything; the next start goes on with the same data.

`;
}
