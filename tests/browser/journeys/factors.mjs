// Second factors: an authenticator app, passkeys, recovery codes; signing in with each, proving oneself again with each,
// and their removal.
// Facts: base (by the name of localhost), tick (each request moves the clock by 16 minutes and answers its time); scripts.

import assert from 'node:assert/strict';
import { ALICE, look, signInWithPassphrase } from '../acts.mjs';
import { code, device } from '../authenticators.mjs';

export default async function ({ arrive, step, tick, scripts }) {
  const later = async () => Number(await (await fetch(tick)).text());
  const alice = await arrive({ context: { javaScriptEnabled: scripts } });
  const { page } = alice;
  const says = (words) => page.getByText(words).first().waitFor();
  const factors = async () => {
    await alice.go('/account/factors');
    await alice.at('Second factors');
  };

  step('the account and its second factors');
  await alice.go('/login');
  await signInWithPassphrase(alice, ALICE);
  await alice.at('You are signed in');
  await alice.follow('Your account');
  await alice.at('Your account');
  await look(alice, 'account');
  await alice.follow('Passkeys, authenticator app and recovery codes');
  await alice.at('Second factors');
  await look(alice, 'factors');

  step('set up an authenticator app');
  let now = await later();
  await alice.press('Set up an authenticator app');
  await prove(alice, { Passphrase: ALICE.passphrase }, 'Set up an authenticator app', 'reauth-passphrase');
  await alice.at('Set up an authenticator app');
  assert.ok((await page.getByRole('img', { name: 'QR code' }).boundingBox()).width > 100);
  const secret = await page.locator('[data-copies="Key"] [data-value]').innerText();
  await look(alice, 'authenticator');
  await alice.fill({ 'Code that the app shows now': '12345' });
  await alice.press('Finish');
  await page.locator('.error').waitFor();
  await look(alice, 'authenticator-wrong');
  await alice.fill({ 'Code that the app shows now': code(secret, now) });
  await alice.press('Finish');
  await says('The authenticator app is set up.');
  await look(alice, 'factors-app');

  step('sign in with passphrase and code');
  await signOut(alice);
  now = await later();
  await signInWithPassphrase(alice, ALICE);
  await alice.at('Second step');
  await look(alice, 'second-step');
  await alice.fill({ Code: '000000' });
  await alice.press('Sign in');
  await says('This code is not right');
  await look(alice, 'second-step-wrong');
  await alice.fill({ Code: code(secret, now) });
  await alice.press('Sign in');
  await alice.at('You are signed in');

  step('new recovery codes, after a proof with the code');
  now = await later();
  await factors();
  await alice.follow('Make new recovery codes');
  await alice.at('Make new recovery codes');
  await look(alice, 'recovery-codes-ask');
  await alice.press('Make ten new codes');
  await alice.at('Prove that it is you');
  await alice.fill({ Passphrase: ALICE.passphrase });
  await alice.press('Go on');
  await page.locator('#code-error').waitFor();
  await look(alice, 'reauth-wrong');
  await prove(alice, { Passphrase: ALICE.passphrase, Code: code(secret, now) }, 'Make new recovery codes', 'reauth-code');
  await alice.at('Your recovery codes');
  const codes = await page.locator('.codes li').allInnerTexts();
  assert.equal(codes.length, 10);
  await look(alice, 'recovery-codes');
  await alice.follow('I have stored them');
  await says('10 are left.');

  step('a recovery code in place of the app');
  await signOut(alice);
  await signInWithPassphrase(alice, ALICE);
  await alice.fill({ Code: codes[0] });
  await alice.press('Sign in');
  await alice.at('You are signed in');
  await factors();
  await says('9 are left.');

  if (scripts) {
    await passkeys({ alice, step, later, says, factors });
    now = await later();
    await alice.go('/login');
    await signInWithPassphrase(alice, ALICE);
    await alice.fill({ Code: code(secret, now) });
    await alice.press('Sign in');
    await alice.at('You are signed in');
  }

  step('the app is removed');
  now = await later();
  await factors();
  await alice.follow('Remove the app');
  await alice.at('Remove the authenticator app');
  await look(alice, 'authenticator-removal');
  await alice.press('Remove the app');
  await prove(alice, { Passphrase: ALICE.passphrase, Code: code(secret, now) }, 'Remove the authenticator app');
  await says('The authenticator app was removed.');
  await look(alice, 'factors-none');
  await signOut(alice);
  await signInWithPassphrase(alice, ALICE);
  await alice.at('You are signed in');
}

async function passkeys({ alice, step, later, says, factors }) {
  const { page } = alice;
  const phone = await device(alice);

  step('a passkey is added');
  await factors();
  assert.equal(await page.locator('[data-passkey-absent]').isVisible(), false);
  await alice.press('Add a passkey');
  await alice.fill({ Name: 'The phone' });
  await alice.press('Add a passkey');
  await says('The passkey The phone was added.');
  assert.equal((await phone.credentials()).length, 1);
  await look(alice, 'factors-passkey');

  step('not twice on one device');
  await alice.fill({ Name: 'Again' });
  await alice.press('Add a passkey');
  await says('This device holds a passkey for you already.');
  await look(alice, 'factors-passkey-twice');
  await factors();
  await alice.link('Rename The phone').click();
  await alice.at('Rename a passkey');
  await alice.fill({ Name: 'The new phone' });
  await alice.press('Rename');
  await says('The passkey is called The new phone now.');

  step('nothing happens without a touch; then the passkey alone is enough');
  await phone.touched(false);
  await signOut(alice);
  await look(alice, 'login-passkey');
  await phone.touched(true);
  await alice.press('Sign in with a passkey');
  await alice.at('You are signed in');
  const me = await (await alice.context.request.get(`${alice.base}/api/v1/me`)).json();
  assert.equal(me.email, ALICE.email);

  step('a passkey in place of the code');
  await phone.touched(false);
  await signOut(alice);
  await signInWithPassphrase(alice, ALICE);
  await alice.at('Second step');
  await phone.touched(true);
  await alice.press('Use a passkey');
  await alice.at('You are signed in');

  step('a proof with the passkey, for its own removal');
  await later();
  await factors();
  await alice.link('Remove The new phone').click();
  await alice.at('Remove a passkey');
  await look(alice, 'passkey-removal');
  await alice.press('Remove the passkey');
  await alice.at('Prove that it is you');
  await alice.press('Use a passkey');
  await alice.at('It is you');
  await alice.press('Remove the passkey');
  await says('The passkey The new phone was removed.');

  step('the device still has it, Doorward no longer does');
  await phone.touched(false);
  await signOut(alice);
  await phone.touched(true);
  await alice.press('Sign in with a passkey');
  await alice.page.getByRole('alert').waitFor();
  await look(alice, 'passkey-unknown');
  await phone.touched(false);
}

/** Proves it on the page that asks, and sends on what waits. */
async function prove(alice, proof, act, name) {
  await alice.at('Prove that it is you');
  if (name) await look(alice, name);
  await alice.fill(proof);
  await alice.press('Go on');
  await alice.at('It is you');
  if (name) await look(alice, `${name}-resume`);
  await alice.press(act);
}

async function signOut(alice) {
  await alice.go('/logout');
  await alice.press('Sign out');
  await alice.at('Sign in');
}
