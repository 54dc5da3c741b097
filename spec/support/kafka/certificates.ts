import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Certificate {
  /** What a client trusts. */
  readonly ca: string
  /** Private key and certificate in one PEM file, as Kafka's `ssl.keystore.type=PEM` wants them. */
  readonly keystoreFile: string
}

/** A self-signed certificate for localhost and 127.0.0.1, valid for two days. */
export const makeCertificate = (folder: string): Certificate => {
  const key = join(folder, 'key.pem')
  const certificate = join(folder, 'certificate.pem')
  // prettier-ignore
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', certificate,
  ], { stdio: 'pipe' })
  const ca = readFileSync(certificate, 'utf8')
  const keystoreFile = join(folder, 'keystore.pem')
  writeFileSync(keystoreFile, readFileSync(key, 'utf8') + ca)
  return { ca, keystoreFile }
}
