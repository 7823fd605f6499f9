// The link that `doorward recover` prints on the server: an owner comes in with a new passphrase, once.
// Facts: base, link.

import { ALICE, look } from '../acts.mjs';

const NEW = 'eleven loud otters reading soup';

export default async function ({ arrive, step, link }) {
  step('the page behind the link');
  const alice = await arrive();
  await alice.go(link);
  await alice.at('Come in with a recovery link');
  await alice.page.getByText(ALICE.email).waitFor();
  await look(alice, 'recover');
  await alice.fill({ 'New passphrase': 'short', 'New passphrase, once more': 'shorter' });
  await alice.press('Set the passphrase and sign in');
  await alice.page.locator('.error').first().waitFor();
  await look(alice, 'recover-wrong');

  step('in');
  await alice.fill({ 'New passphrase': NEW, 'New passphrase, once more': NEW });
  await alice.press('Set the passphrase and sign in');
  await alice.at('Overview');

  step('once');
  const late = await arrive();
  await late.go(link);
  await late.at('There is nothing here');
}
