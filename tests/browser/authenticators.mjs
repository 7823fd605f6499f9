// What people hold in their hands: an authenticator app (RFC 6238, as the page says it), and Chromium's own passkeys.

import { createHmac } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The six digits for this secret in base32 at this time in milliseconds. */
export function code(secret, at) {
  const bits = [...secret.replaceAll(' ', '')].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const digest = createHmac('sha1', key).update(counter).digest();
  const offset = digest.at(-1) & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** A device that holds passkeys and recognizes its owner, at this visitor's page. */
export async function device({ context, page }) {
  const debug = await context.newCDPSession(page);
  await debug.send('WebAuthn.enable');
  const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true };
  const { authenticatorId } = await debug.send('WebAuthn.addVirtualAuthenticator', {
    options: { ...options, automaticPresenceSimulation: true },
  });
  return {
    credentials: async () => (await debug.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
    /** Whether its owner touches it when it is asked. */
    touched: (enabled) => debug.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId, enabled }),
    recognized: (isUserVerified) => debug.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
  };
}
