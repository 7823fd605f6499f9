// Mail, from no server to a link by which a lost passphrase comes back.
// Facts: base, port (of a mail server on this machine), link (answers the link of the mail); alice owns the organization.

import { ALICE, look, signInWithPassphrase } from '../acts.mjs';

const PLACE = '/admin/settings/mail';
const NEW = 'eleven loud otters reading soup';

export default async function ({ arrive, step, port, link }) {
  step('lost, and no mail is sent here');
  const lost = await arrive();
  await lost.go('/login');
  await lost.follow('Get a link for a new one');
  await lost.at('A lost passphrase');
  await look(lost, 'lost-without-mail');

  step('a mail server: none, wrong, saved');
  const alice = await arrive();
  await alice.go('/login');
  await signInWithPassphrase(alice, ALICE);
  await alice.go(PLACE);
  await alice.at('Mail');
  await look(alice, 'mail-empty');
  await alice.press('Save');
  await alice.page.getByText('2 answers need another look.').waitFor();
  await look(alice, 'mail-wrong');
  await alice.fill({ 'Name of the server': '127.0.0.1', Encryption: 'None, on this machine only', Port: port });
  await alice.fill({ 'Sender’s address': 'door@example.com' });
  await alice.press('Save');
  await alice.page.getByText('The mail settings were saved.').waitFor();
  await look(alice, 'mail-saved');

  step('the test mail');
  await alice.press(`Send a test mail to ${ALICE.email}`);
  await alice.page.getByText('Now look into that mailbox').waitFor();
  await look(alice, 'mail-tested');

  step('lost: the link by mail');
  await lost.go('/login/lost');
  await look(lost, 'lost');
  await lost.fill({ 'E-mail': ALICE.email });
  await lost.press('Send the link');
  await lost.at('Look into your mail');
  await look(lost, 'lost-sent');
  const address = await (await fetch(link)).text();
  await lost.go(address);
  await lost.at('Choose a new passphrase');
  await lost.fill({ 'New passphrase': NEW, 'New passphrase, once more': ALICE.passphrase });
  await lost.press('Change the passphrase');
  await lost.page.locator('.error').first().waitFor();
  await look(lost, 'reset-wrong');
  await lost.fill({ 'New passphrase': NEW, 'New passphrase, once more': NEW });
  await lost.press('Change the passphrase');
  await signInWithPassphrase(lost, { email: ALICE.email, passphrase: NEW });
  await lost.at('You are signed in');

  step('everywhere else she is out, and the link is used up');
  await alice.go(PLACE);
  await alice.at('Sign in');
  await alice.go(address);
  await alice.at('This link does not work');
  await look(alice, 'reset-gone');

  step('what was sent is listed');
  await lost.go(PLACE);
  await lost.heading('Sent lately', 2).waitFor();
  await look(lost, 'mail-sent');
}
