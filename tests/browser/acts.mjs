// What more than one journey does: the first run, signing in, going through an identity provider.

import { audit, signInAs } from './lib.mjs';

export const ALICE = { name: 'Alice Ng', email: 'alice@example.com', passphrase: 'seven tired herons folding maps' };

/** Audits the page under a name that tells whether scripts ran. */
export const look = (visitor, name) => audit(visitor, visitor.scripts ? name : `${name}-no-script`);

/** Gives the browsable identity provider one of its commands; see tests/peers/README.md. */
export async function tell(idp, command) {
  const response = await fetch(`${idp}/control`, { method: 'POST', body: JSON.stringify(command) });
  const answer = await response.json();
  for (const problem of ['error', 'refused', 'unsupported']) {
    if (answer[problem]) throw new Error(`the identity provider on ${command.cmd}: ${answer[problem]}`);
  }
  return answer;
}

/** The first run, from the address on the terminal to the overview. */
export async function setUp(owner, { code }, see = look) {
  await owner.go('/');
  await owner.at('Set up Doorward');
  await see(owner, 'setup');
  await owner.fill({ 'Setup code': 'not-the-code' });
  await owner.press('Begin');
  await owner.page.getByText('This code is not the current one.').waitFor();
  await see(owner, 'setup-wrong-code');
  await owner.go(`/setup?code=${code}`);
  await owner.at('Who owns this?');
  await see(owner, 'setup-owner');
  await owner.fill({ 'Your name': ALICE.name, 'Your e-mail': ALICE.email, Passphrase: 'short', 'Passphrase, once more': 'shorter' });
  await owner.press('Continue');
  await owner.alert().waitFor();
  await see(owner, 'setup-owner-wrong');
  await owner.fill({ Passphrase: ALICE.passphrase, 'Passphrase, once more': ALICE.passphrase });
  await owner.press('Continue');
  await owner.at('Keep these recovery codes');
  await see(owner, 'setup-codes');
  await owner.press('Continue');
  await owner.page.getByText('Tick this when the codes are stored.').waitFor();
  await see(owner, 'setup-codes-wrong');
  await owner.fill({ 'I have stored them': true });
  await owner.press('Continue');
  await owner.at('What is it called, and where is it?');
  await see(owner, 'setup-organization');
  await owner.fill({ Organization: 'Acme' });
  await owner.press('Finish');
}

/** With the passphrase: from the sign-in page, by way of the e-mail, or on the page for both. */
export async function signInWithPassphrase(visitor, { email, passphrase }) {
  await visitor.fill({ 'E-mail': email });
  if (!(await visitor.field('Passphrase').isVisible())) {
    await visitor.press('Continue');
    await visitor.at('Sign in with your passphrase');
  }
  await visitor.fill({ Passphrase: passphrase });
  await visitor.press('Sign in');
}

/** From the sign-in page through the identity provider and back. */
export async function signInThrough(visitor, integration, person) {
  await visitor.go('/login');
  await visitor.follow(`Continue with ${integration}`);
  await signInAs(visitor, person);
}
