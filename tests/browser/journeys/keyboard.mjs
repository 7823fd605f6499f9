// By keyboard alone: signing in, and every stop of the Tab key on the pages that matter. At each stop something is
// visibly focused, inside the window, and the order is the order of the page.
// Facts: base, idp.

import assert from 'node:assert/strict';
import { ALICE } from '../acts.mjs';

export default async function ({ arrive, step, base }) {
  const alice = await arrive();
  const { keyboard } = alice.page;

  step('the sign-in page');
  await alice.go('/login');
  const stops = await walk(alice);
  // The e-mail has the focus already.
  assert.deepEqual(stops.slice(0, 4).map((s) => s.text), ['Continue', 'Continue with Another', 'Continue with Okta', 'Sign in with a passphrase']);
  step('sign in');
  await alice.go('/login');
  await keyboard.type(ALICE.email);
  await keyboard.press('Enter');
  await alice.at('Sign in with your passphrase');
  await keyboard.type(ALICE.passphrase);
  await keyboard.press('Enter');
  await alice.at('You are signed in');
  await tabTo(alice, 'Open the settings');
  await keyboard.press('Enter');
  await alice.at('Overview');

  step('past the menu');
  await keyboard.press('Tab');
  assert.equal((await stop(alice)).text, 'Skip to the page');
  await keyboard.press('Enter');
  assert.equal(await alice.page.evaluate(() => document.activeElement.id), 'main');

  for (const path of ['/admin/integrations/okta', '/admin/integrations/okta/identity-provider', '/admin/people', '/admin/settings']) {
    for (const width of [1280, 320]) {
      step(`${path} at ${width}`);
      await alice.page.setViewportSize({ width, height: 900 });
      await alice.go(path);
      const all = await walk(alice);
      assert.ok(all.length > 5, `${path}: ${all.length} stops`);
      assert.equal(all[0].text, 'Skip to the page');
    }
  }
  step('copy by keyboard');
  await alice.page.setViewportSize({ width: 1280, height: 900 });
  await alice.go('/admin/integrations/okta');
  await tabTo(alice, 'Copy');
  await keyboard.press('Enter');
  await alice.page.getByRole('status').filter({ hasText: 'copied' }).waitFor();
  assert.equal(await alice.page.evaluate(() => document.activeElement.hasAttribute('data-copy')), true, 'focus stays');
  step('the way out');
  await tabTo(alice, 'Sign out', true);
  await keyboard.press('Enter');
  await alice.at('Sign in');
}

/** What has the focus: its words, where it is, and whether that shows. */
function stop(visitor) {
  return visitor.page.evaluate(() => {
    const element = document.activeElement;
    if (element === document.body) return null;
    const visible = (e, pseudo) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(e, pseudo);
      return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
    };
    const box = element.getBoundingClientRect();
    const order = [...document.querySelectorAll('*')].indexOf(element);
    return {
      text: (element.textContent.trim() || element.labels?.[0]?.textContent.trim() || element.name || element.tagName).slice(0, 60),
      order,
      shown: visible(element) || visible(element, '::after'),
      inside: box.width > 0 && box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight,
    };
  });
}

/** Presses Tab until the page has been gone through; judges every stop. */
async function walk(visitor) {
  const stops = [];
  for (let n = 0; n < 200; n += 1) {
    await visitor.page.keyboard.press('Tab');
    const now = await stop(visitor);
    if (!now || stops.some((s) => s.order === now.order)) return stops;
    assert.ok(now.shown, `no focus to be seen on "${now.text}" of ${visitor.page.url()}`);
    assert.ok(now.inside, `the focus is outside the window on "${now.text}" of ${visitor.page.url()}`);
    const before = stops.at(-1);
    assert.ok(!before || before.order < now.order, `"${now.text}" comes after "${before?.text}" on ${visitor.page.url()}`);
    stops.push(now);
  }
  throw new Error(`the Tab key does not get through ${visitor.page.url()}`);
}

async function tabTo(visitor, text, backwards = false) {
  for (let n = 0; n < 120; n += 1) {
    await visitor.page.keyboard.press(backwards ? 'Shift+Tab' : 'Tab');
    if ((await stop(visitor))?.text === text) return;
  }
  throw new Error(`the Tab key does not reach "${text}" on ${visitor.page.url()}`);
}
