// A held integration: the plan with every kind of line, its lines, a corrected link, applying with progress, what was applied,
// and taking it back. Facts: base; scripts. okta is held and has sent some of everything.

import { ALICE, look as audit, signInWithPassphrase } from '../acts.mjs';

const HERE = '/admin/integrations/okta/provisioning';

export default async function ({ arrive, step, scripts }) {
  const alice = await arrive({ context: { javaScriptEnabled: scripts } });
  const { page } = alice;
  // All faults of all pages at once.
  const faults = [];
  const look = (name) => audit(alice, name).catch((fault) => faults.push(fault.message));
  const line = (user) => page.getByRole('row').filter({ hasText: `${user}@example.com` });

  step('the way there');
  await alice.go('/login');
  await signInWithPassphrase(alice, ALICE);
  await alice.go('/admin');
  await page.getByText('changes of Okta wait for you.').waitFor();
  await look('review-overview');
  await alice.follow('Review them');
  await alice.at('Review of Okta');
  await look('review-plan');
  await alice.go(`${HERE}/review?q=nobody-at-all`);
  await look('review-nothing-fits');

  step('a line, and a link that is corrected');
  await alice.go(`${HERE}/review?kind=link`);
  await look('review-links');
  await alice.go(`${HERE}/review?kind=create`);
  await line('robert').getByRole('link').first().click();
  await alice.at('robert@example.com');
  await look('review-line');
  await alice.follow('It is somebody else…');
  await alice.at('Who is robert@example.com?');
  await look('review-person');
  await alice.fill({ 'Search people': 'bob' });
  await alice.press('Search');
  await page.getByRole('button', { name: /^It is .*bob@example\.com/ }).click();
  await page.getByText('An admin chose them.').waitFor();
  await look('review-line-corrected');

  step('one line is left out');
  await alice.go(`${HERE}/review?kind=deactivate`);
  await line('dana').getByRole('checkbox').check();
  await alice.press('Leave the chosen out…');
  await look('review-leave-out');
  await alice.press('Leave 1 line out');
  await page.getByText('1 line left out.').waitFor();
  await alice.go(`${HERE}/review?only=out`);
  await line('dana').waitFor();
  await look('review-left-out');

  step('all that fits is applied, but nobody for an equal address');
  await alice.go(`${HERE}/review`);
  await page.getByRole('button', { name: /^Apply all \d+ that fit…$/ }).click();
  await page.getByText('more with only an equal e-mail address').waitFor();
  await look('review-apply');
  await alice.click(page.getByRole('button', { name: /^Apply \d+ lines$/ }));
  if (!scripts) while (await page.locator('progress').count()) await page.reload();
  await page.getByText(/^Applied: /).waitFor();
  await look('review-applied');
  await alice.go(`${HERE}/review?only=refused`);
  await line('alice').waitFor();
  await look('review-refused');
  await alice.go(`${HERE}/review?kind=email`);
  await line('carla').waitFor();

  step('what was applied, and taking it back');
  await alice.go(`${HERE}/review/history`);
  await look('review-history');
  await page.locator('main table a').first().click();
  await page.getByRole('heading', { level: 1, name: /^Applied on/ }).waitFor();
  await look('review-history-one');
  await alice.follow('Take it back…');
  await look('review-undo');
  await alice.click(page.getByRole('button', { name: /^Take \d+ lines? back$/ }));
  if (!scripts) while (await page.locator('progress').count()) await page.reload();
  await page.getByText('took this back on').waitFor();
  await look('review-undone');

  step('automatic instead');
  await alice.go(`${HERE}/settings`);
  await look('review-settings');
  await page.getByLabel(/At once/).check();
  await alice.press('Save');
  await page.getByText('on the review page. Apply them first').waitFor();
  await look('review-settings-asks');
  await page.getByLabel(/Make it automatic/).check();
  await alice.press('Save');
  await alice.go(`${HERE}/review`);
  await page.getByText('Provisioning is automatic now.').waitFor();
  await look('review-left-over');
  await alice.go(`${HERE}/review/done`);
  await look('review-done');
  if (faults.length > 0) throw new Error(faults.join('\n'));
}
