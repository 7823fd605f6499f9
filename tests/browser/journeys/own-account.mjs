// One's own account: where one is signed in, ending one session and all others, and another passphrase.
// Facts: base; the organization is set up, alice owns it.

import assert from 'node:assert/strict';
import { ALICE, look, signInWithPassphrase } from '../acts.mjs';

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1';
const NEW = 'eleven loud otters reading soup';

export default async function ({ arrive, step }) {
  const enter = async (visitor, passphrase = ALICE.passphrase) => {
    await visitor.go('/login');
    await signInWithPassphrase(visitor, { email: ALICE.email, passphrase });
    await visitor.at('You are signed in');
    return visitor;
  };
  const here = await enter(await arrive());
  const phone = await enter(await arrive({ context: { userAgent: IPHONE } }));
  const other = await enter(await arrive());
  const sessions = here.page.locator('.sessions > li');

  step('end one');
  await here.follow('Your account');
  await here.at('Your account');
  assert.equal(await sessions.count(), 3);
  await look(here, 'account-sessions');
  await here.page.getByRole('button', { name: /^End it: .*iPhone/ }).click();
  await here.page.getByText(/^The session on .* has ended/).waitFor();
  assert.equal(await sessions.count(), 2);
  await phone.go('/account');
  await phone.at('Sign in');
  await other.go('/account');
  await other.at('Your account');

  step('end all others');
  await here.press('End all others');
  await here.page.getByText('Every other session has ended.').waitFor();
  assert.equal(await sessions.count(), 1);
  await other.go('/account');
  await other.at('Sign in');

  step('another passphrase');
  await here.follow('Change your passphrase');
  await here.at('Change your passphrase');
  await look(here, 'passphrase-change');
  await here.fill({ 'Current passphrase': 'not hers at all', 'New passphrase': NEW, 'New passphrase, once more': NEW });
  await here.press('Change it');
  await here.page.locator('.error, .notice.needs-you').first().waitFor();
  await look(here, 'passphrase-change-wrong');
  await here.fill({ 'Current passphrase': ALICE.passphrase, 'New passphrase': NEW, 'New passphrase, once more': NEW });
  await here.press('Change it');
  await here.at('Your account');
  await enter(phone, NEW);
}
