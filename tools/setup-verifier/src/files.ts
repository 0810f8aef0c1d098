import { X509Certificate, createPrivateKey } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { CertificateFacts, SecretFile, Settings } from './facts.ts';

export function lookAtSecretFiles(settings: Settings, envFile: string | undefined): SecretFile[] {
  const files = [
    { what: 'environment', path: envFile },
    { what: 'key of HTTP', path: settings['HTTP_TLS_KEY_FILE'] },
    { what: 'key of SMPP', path: ifThere(join(tlsFolder(settings), 'smpp-key.pem')) },
    { what: 'master key', path: ifThere(join(settings['HELIOGRAPH_DATA'] || '.data', 'master.key')) },
  ];
  return files.flatMap(({ what, path }) => (path ? [{ what, path, mode: modeOf(path) }] : []));
}

export function lookAtCertificates(settings: Settings): CertificateFacts[] {
  const { HTTP_TLS_CERT_FILE: httpCert, HTTP_TLS_KEY_FILE: httpKey } = settings;
  const smpp = tlsFolder(settings);
  return [
    ...(httpCert && httpKey ? [lookAtCertificate('HTTP', httpCert, httpKey)] : []),
    // smpp-ingress makes a pair when there is none
    ...(existsSync(join(smpp, 'smpp-cert.pem'))
      ? [lookAtCertificate('SMPP', join(smpp, 'smpp-cert.pem'), join(smpp, 'smpp-key.pem'))]
      : []),
  ];
}

function lookAtCertificate(what: string, certFile: string, keyFile: string): CertificateFacts {
  const files = { what, certFile, keyFile };
  try {
    const pems = readFileSync(certFile, 'utf8').match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
    const chain = pems.map((pem) => new X509Certificate(pem));
    const [leaf] = chain;
    if (!leaf) return { ...files, leaf: undefined, chainOk: false, keyMatches: false, error: `${certFile} has no certificate` };
    const { subject, validFromDate: validFrom, validToDate: validTo } = leaf;
    return {
      ...files,
      leaf: { subject, validFrom, validTo, selfSigned: leaf.issuer === leaf.subject && leaf.verify(leaf.publicKey) },
      chainOk: chain.every((one, i) => i === chain.length - 1 || isIssuedBy(one, chain[i + 1] as X509Certificate)),
      keyMatches: leaf.checkPrivateKey(createPrivateKey(readFileSync(keyFile))),
      error: undefined,
    };
  } catch (error) {
    // unreadable files and what is no PEM: the message names the file or what is wrong with it
    return { ...files, leaf: undefined, chainOk: false, keyMatches: false, error: `${certFile}, ${keyFile}: ${(error as Error).message}` };
  }
}

function isIssuedBy(one: X509Certificate, issuer: X509Certificate): boolean {
  return one.checkIssued(issuer) && one.verify(issuer.publicKey);
}

function tlsFolder(settings: Settings): string {
  return settings['SMPP_TLS_DIR'] || join(settings['HELIOGRAPH_DATA'] || '.data', 'tls');
}

function ifThere(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}

function modeOf(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && stat.mode & 0o7777;
}
