// Key pairs with certificates, made when they are first needed, in a folder that goes with the process.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class Keys {
  #folder = mkdtempSync(join(tmpdir(), 'samlify-idp-'));
  #pairs = new Map();

  constructor() {
    process.on('exit', () => rmSync(this.#folder, { recursive: true, force: true }));
  }

  /** The pair of this name: `{ key, certificate }`, both PEM. */
  pair(name, host) {
    if (!this.#pairs.has(name)) this.#pairs.set(name, this.#make(name, host));
    return this.#pairs.get(name);
  }

  #make(name, host) {
    const [keyFile, certificateFile] = [join(this.#folder, `${name}.key`), join(this.#folder, `${name}.crt`)];
    const names = host ? ['-addext', `subjectAltName=DNS:${host},IP:127.0.0.1`] : [];
    const what = ['req', '-x509', '-nodes', '-sha256', '-days', '730', '-newkey', 'rsa:2048'];
    const where = ['-subj', `/CN=${host ?? `samlify ${name}`}`, '-keyout', keyFile, '-out', certificateFile];
    execFileSync('openssl', [...what, ...names, ...where], { stdio: 'pipe' });
    return { key: readFileSync(keyFile, 'utf8'), certificate: readFileSync(certificateFile, 'utf8') };
  }
}
