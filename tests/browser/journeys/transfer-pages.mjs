// Download and import, for each kind of table: the page, a file that cannot be read, what a file would do, and what it did.
// Facts: base; scripts. okta is an integration; mary is in team North; there is an access group.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ALICE, look as audit, signInWithPassphrase } from '../acts.mjs';

const FILE = `E-Mail;First name;Surname;Role;Team;Title
mary@example.com;Maria;;;;Cook
${'long'.repeat(12)}@example.com;${'Long '.repeat(39)};${'x'.repeat(200)};manager;North;
nobody;;;;;
bob@example.com;Bob;;pope;South;
alice@example.com;;;member;;
`;

export default async function ({ arrive, step, scripts }) {
  const alice = await arrive({ context: { javaScriptEnabled: scripts } });
  const { page } = alice;
  const faults = [];
  const look = (name) => audit(alice, name).catch((fault) => faults.push(fault.message));

  step('people: the page');
  await alice.go('/login');
  await signInWithPassphrase(alice, ALICE);
  await alice.go('/admin/people?q=mary');
  await alice.follow('Download or import people');
  await alice.at('Download and import people');
  await page.getByText('The 1 person of your search').waitFor();
  await look('transfer');
  const [file] = await Promise.all([page.waitForEvent('download'), alice.follow('The 1 person of your search as CSV')]);
  assert.match(readFileSync(await file.path(), 'utf8'), /mary@example\.com/);

  step('people: what cannot be read');
  await alice.press('Look at what it would do');
  await page.getByText('Choose a file, or paste it below.').waitFor();
  await alice.fill({ 'Or paste it here': 'name,age\nAna,7\n' });
  await alice.press('Look at what it would do');
  await page.getByText('The first row must name the columns').waitFor();
  assert.equal(await alice.field('Or paste it here').inputValue(), 'name,age\nAna,7\n', 'what was typed stays');
  await look('transfer-wrong');

  step('people: what a file would do, and does');
  await page.getByLabel(/^File/).setInputFiles({ name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from(FILE) });
  await alice.fill({ 'Or paste it here': '' });
  await alice.press('Look at what it would do');
  await alice.at('Import of people: what would happen');
  await look('transfer-report');
  await page.locator('select[name=only]').selectOption({ label: 'Refused' });
  await alice.press('Show');
  assert.equal(await page.locator('tbody tr').count(), 3);
  await alice.press('Import 2 rows');
  await alice.at('Import of people: done');
  await look('transfer-done');

  step('the other tables');
  for (const [list, link, title, text, name] of [
    ['/admin/access/teams', 'Download or import teams', 'Download and import teams', 'name\nSouth\n', 'teams'],
    ['/admin/access/groups', 'Download or import access groups', 'Download and import access groups', 'name,role\nStaff,manager\n', 'groups'],
    ['/admin/integrations/okta/mapping', 'Download this mapping, or import one', 'Download and import the mapping', 'field,source\nemail,\ntitle,jobTitle\n', 'mapping'],
  ]) {
    await alice.go(list);
    await alice.follow(link);
    await alice.at(title);
    await look(`transfer-${name}`);
    await alice.fill({ 'Or paste it here': text });
    await alice.press('Look at what it would do');
    await look(`transfer-${name}-report`);
    await page.getByRole('button', { name: /^Import \d+ rows?$/ }).click();
    await page.getByRole('heading', { level: 1, name: /done$/ }).waitFor();
  }
  if (faults.length > 0) throw new Error(faults.join('\n'));
}
