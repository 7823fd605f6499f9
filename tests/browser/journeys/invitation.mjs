// An invitation, from the form that adds somebody to their first sign-in: without a mail server, by mail, and from a list.
// Facts: base, link (answers the link of the newest invitation that was mailed), mail (sets mail up); scripts.

import { ALICE, look, signInWithPassphrase } from '../acts.mjs';

const NEW = 'eleven loud otters reading soup';

export default async function ({ arrive, step, link, mail, scripts }) {
  const alice = await arrive({ context: { javaScriptEnabled: scripts } });
  await alice.go('/login');
  await signInWithPassphrase(alice, ALICE);

  step('nobody was invited yet');
  await alice.go('/admin/people/invitations');
  await alice.at('Invitations');
  await look(alice, 'invitations-empty');

  step('without a mail server there is a link to hand over');
  await alice.go('/admin/people/new');
  await look(alice, 'person-new-invited');
  await alice.fill({ 'E-mail': 'erin@example.com', 'Given name': 'Erin', 'Family name': 'x'.repeat(200), 'Send an invitation': true });
  await alice.press('Add this person');
  await alice.at('Hand over the invitation');
  await look(alice, 'invitation-link');
  const handed = await alice.page.locator('code[data-value]').innerText();
  await alice.follow('I have handed it over');
  await alice.page.getByText('Link handed over').waitFor();
  await look(alice, 'person-invited');

  step('the link, and a first passphrase');
  const erin = await arrive({ context: { javaScriptEnabled: scripts } });
  await erin.go(handed);
  await erin.at('Your invitation to Acme');
  await look(erin, 'invitation');
  await erin.press('Choose a passphrase');
  await erin.at('Choose a passphrase');
  await look(erin, 'invitation-passphrase');
  await erin.fill({ Passphrase: 'short', 'Passphrase, once more': 'shorter' });
  await erin.press('Save the passphrase');
  await erin.page.locator('.error').first().waitFor();
  await look(erin, 'invitation-passphrase-wrong');
  await erin.fill({ Passphrase: NEW, 'Passphrase, once more': NEW });
  await erin.press('Save the passphrase');
  await erin.at('Sign in with your passphrase');
  await look(erin, 'invitation-sign-in');
  await erin.fill({ Passphrase: NEW });
  await erin.press('Sign in');
  await erin.at('You are signed in');
  await erin.go(handed);
  await erin.at('This invitation does not work');
  await look(erin, 'invitation-gone');

  step('by mail, and taken back');
  await fetch(mail);
  await alice.go('/admin/people/new');
  await alice.fill({ 'E-mail': 'finn@example.com' });
  await alice.press('Add this person');
  await alice.follow('Invite…');
  await alice.at('Invite finn@example.com');
  await look(alice, 'invitation-send');
  await alice.press('Send the invitation');
  await alice.page.getByText('is on its way').first().waitFor();
  const address = await (await fetch(link)).text();
  const finn = await arrive({ context: { javaScriptEnabled: scripts } });
  await finn.go(address);
  await finn.at('Your invitation to Acme');
  await alice.follow('Take it back…');
  await alice.at('Take an invitation back');
  await look(alice, 'invitation-revocation');
  await alice.press('Take it back');
  await alice.page.getByText('was taken back').first().waitFor();
  await finn.go(address);
  await finn.at('This invitation does not work');

  step('several at once');
  await alice.go('/admin/people/invitations');
  await look(alice, 'invitations');
  await alice.follow('Invite several people');
  await alice.at('Invite several people');
  await look(alice, 'invite-many');
  await alice.fill({ People: `gil@example.com,Gil,${'y'.repeat(150)}\nerin@example.com\nno address` });
  await alice.press('Show what would happen');
  await alice.heading('What would happen', 2).waitFor();
  await look(alice, 'invite-many-seen');
  await alice.press('Invite 1 person');
  await alice.page.getByText('1 person was invited.').waitFor();
  await look(alice, 'invitations-sent');

  step('an integration that invites whoever it adds');
  await alice.go('/admin/integrations/okta/provisioning/settings');
  await alice.fill({ 'Send an invitation when somebody is added': true });
  await look(alice, 'provisioning-invites');
  await alice.press('Save');
  await alice.page.getByText('was changed').first().waitFor();
}
