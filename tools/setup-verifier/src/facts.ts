/** What is known of a deployment, gathered by the shell and judged by the checks. */
export interface Facts {
  readonly now: Date;
  /** A trial on one machine: what is wrong in production only is a warning there. */
  readonly demo: boolean;
  /** TLS for HTTP ends at a proxy in front. */
  readonly tlsProxy: boolean;
  /** The environment of the services. */
  readonly settings: Settings;
  /** Of each service, what its schema says of these settings. */
  readonly settingErrors: readonly string[];
  readonly secretFiles: readonly SecretFile[];
  readonly certificates: readonly CertificateFacts[];
  readonly ports: readonly PortFacts[];
  readonly database: DatabaseFacts | undefined;
  readonly nats: readonly NatsFacts[];
  readonly logins: readonly LoginFacts[];
}

export type Settings = Readonly<Record<string, string | undefined>>;

export interface SecretFile {
  readonly path: string;
  readonly what: string;
  /** Permission bits; undefined: it cannot be read or is not there. */
  readonly mode: number | undefined;
}

export interface CertificateFacts {
  readonly what: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** Undefined when `error` says why it could not be read. */
  readonly leaf: Certificate | undefined;
  /** Each certificate of the file is signed by the next. */
  readonly chainOk: boolean;
  readonly keyMatches: boolean;
  readonly error: string | undefined;
}

export interface Certificate {
  readonly subject: string;
  readonly validFrom: Date;
  readonly validTo: Date;
  readonly selfSigned: boolean;
}

/** A port of ours, tried at an address of this machine. */
export interface PortFacts {
  readonly what: 'SMPP' | 'SMPP over TLS' | 'HTTP' | 'health';
  readonly address: string;
  readonly port: number;
  readonly loopback: boolean;
  readonly answers: boolean;
  /** Whether it takes TLS 1.1 or older; undefined: no TLS there, or nobody answers. */
  readonly takesOldTls: boolean | undefined;
}

export interface DatabaseFacts {
  readonly host: string;
  readonly loopback: boolean;
  /** Undefined: connected. */
  readonly error: string | undefined;
  readonly tls: boolean;
  /** The same user comes in with a wrong password. */
  readonly takesAnyPassword: boolean;
  /** Owner and migration, of those that are not applied. */
  readonly pendingMigrations: readonly string[];
  /** Of those that were edited after they were applied, or never finished. */
  readonly brokenMigrations: readonly string[];
}

export interface NatsFacts {
  readonly host: string;
  readonly loopback: boolean;
  readonly error: string | undefined;
  readonly tls: boolean;
  readonly jetStream: boolean;
  /** It lets in whoever gives no password. */
  readonly open: boolean;
}

/** A login that everybody knows, tried once. */
export interface LoginFacts {
  readonly what: string;
  readonly result: 'accepted' | 'refused' | 'not tried';
}
