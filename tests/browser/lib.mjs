// What every journey stands on: a browser that forgives nothing, and an audit of the page it shows.

import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { peersFolder, requireInstalled, targetFolder } from '../peers/modules.mjs';

const { chromium } = requireInstalled('playwright-core');
const AXE = readFileSync(join(peersFolder, 'node_modules/axe-core/axe.min.js'), 'utf8');
const PICTURES = join(targetFolder, 'pictures');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync'],
];

export const WIDTHS = [320, 1280];
export const SCHEMES = ['light', 'dark'];

/** Starts the browser. */
export function launch() {
  const executablePath = process.env.DOORWARD_TEST_CHROMIUM ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}

/**
 * A visitor: a browser profile of their own, and one page. Everything that goes wrong in a page under `base` is
 * written to `faults`; pages elsewhere, such as an identity provider's, are not ours to judge.
 */
export class Visitor {
  faults = [];

  static async arrive(browser, base, options = {}) {
    const visitor = new Visitor();
    visitor.base = new URL(base).origin;
    visitor.scripts = options.javaScriptEnabled ?? true;
    visitor.context = await browser.newContext({
      locale: 'en-GB', // the appliance's only language; and a fixed one, so that pictures stay comparable
      timezoneId: 'UTC',
      ignoreHTTPSErrors: true,
      viewport: { width: 1280, height: 900 },
      ...options,
    });
    visitor.context.setDefaultTimeout(10_000);
    await visitor.#listen();
    visitor.page = await visitor.context.newPage();
    return visitor;
  }

  async #listen() {
    await this.context.exposeBinding('reportViolation', ({ frame }, what) => this.#fault(frame.url(), `policy: ${what}`));
    await this.context.addInitScript(() =>
      addEventListener('securitypolicyviolation', (e) =>
        window.reportViolation(`${e.violatedDirective} blocked ${e.blockedURI || 'inline'} (${e.sourceFile ?? ''})`),
      ),
    );
    this.context.on('weberror', (e) => this.#fault(e.page()?.url(), `script: ${e.error().message}`));
    this.context.on('console', (message) => {
      const from = message.page()?.url() ?? '';
      // An answer of 403 or 404 is reported for the page itself, which may be what the journey wants to see.
      const ofThePage = message.location().url === from && message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !ofThePage) this.#fault(from, `console: ${message.text()}`);
    });
  }

  #fault(url, what) {
    if (url?.startsWith(`${this.base}/`)) this.faults.push(`${url.slice(this.base.length)}: ${what}`);
  }

  go = (path) => this.page.goto(new URL(path, this.base).href);

  heading = (name, level) => this.page.getByRole('heading', { name, level });
  button = (name) => this.page.getByRole('button', { name, exact: true });
  link = (name) => this.page.getByRole('link', { name, exact: true });
  // A label may say that its field is optional.
  field = (label) =>
    this.page.getByLabel(new RegExp(`^\\s*${label.replace(/[^\w ]/g, '\\$&')}(\\s+optional)?\\s*$`)).and(this.page.locator('input, select, textarea'));
  alert = () => this.page.getByRole('alert');

  press = (name) => this.click(this.button(name));
  follow = (name) => this.click(this.link(name));

  /** Clicks; where that leads to another page, or to a file, only what comes after has happened when this is over. */
  async click(target) {
    if (!(await target.evaluate(leadsAway))) return target.click();
    const { page } = this;
    const arrived = Promise.race([
      page.waitForEvent('framenavigated', (frame) => frame === page.mainFrame()),
      page.waitForEvent('download'),
      page.waitForEvent('close'),
    ]);
    // Whoever looks for what should be there says it better than a wait that ended.
    await Promise.all([arrived.catch(() => {}), target.click()]);
    if (!page.isClosed()) await page.waitForLoadState();
  }

  /** Fills the fields with these labels: text is typed, true and false tick, what a select offers is chosen. */
  async fill(values) {
    for (const [label, value] of Object.entries(values)) {
      const field = this.field(label);
      if (typeof value === 'boolean') await field.setChecked(value);
      else if ((await field.evaluate((e) => e.tagName)) === 'SELECT') await field.selectOption({ label: value });
      else await field.fill(value);
    }
  }

  /** Waits until the page is headed so; a failure says what is there instead. */
  async at(title) {
    const heading = this.heading(title, 1).first();
    await heading.waitFor({ state: 'visible' }).catch(async () => {
      const seen = await this.page.locator('body').innerText().catch(() => '(no page)');
      throw new Error(`expected the page "${title}", but ${this.page.url()} shows:\n${seen.slice(0, 1500)}`);
    });
  }

  async leave() {
    await this.context.close();
  }
}

/** Runs in the page: does a click on this element leave the page? */
function leadsAway(element) {
  if (element.tagName === 'A') return !element.target && !element.getAttribute('href').startsWith('#');
  const { form } = element;
  return element.type === 'submit' && form !== null && (form.noValidate || element.formNoValidate || form.checkValidity());
}

/** At the test identity provider: choose a person; with scripts the response is posted by itself. */
export async function signInAs(visitor, name) {
  await visitor.page.getByLabel('Sign in as').selectOption({ label: name });
  await visitor.page.getByRole('button').first().click();
  if (!visitor.scripts) await visitor.page.getByRole('button', { name: 'Continue' }).click();
}

/**
 * Judges the page that a visitor sees, by default at both widths and in both schemes, and leaves a picture of each:
 * accessibility, policy violations and console errors so far, and that nothing scrolls sideways.
 * Returns the list of what is wrong.
 */
export async function findFaults(visitor, name, widths = WIDTHS, schemes = SCHEMES) {
  const { page } = visitor;
  const size = page.viewportSize();
  const found = [];
  mkdirSync(PICTURES, { recursive: true });
  for (const width of widths) {
    for (const scheme of schemes) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (wide > 0) found.push(`${name} at ${width} px scrolls sideways by ${wide} px`);
      if (visitor.scripts) found.push(...(await axe(page)).map((fault) => `${name} at ${width} px, ${scheme}: ${fault}`));
      await page.screenshot({ path: join(PICTURES, `${name}-${width}-${scheme}.png`), fullPage: true });
    }
  }
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
  return [...found, ...visitor.faults.splice(0)];
}

/** Throws when the page has a fault. */
export async function audit(visitor, name) {
  const found = await findFaults(visitor, name);
  if (found.length > 0) throw new Error(`${found.length} faults at ${visitor.page.url()}\n${found.join('\n')}`);
}

/** axe runs in the page through the debugger, so that the page's own policy stays in force. */
async function axe(page) {
  await page.evaluate(AXE);
  return page.evaluate(async (values) => {
    const options = { runOnly: { type: 'tag', values }, resultTypes: ['violations'], preload: false };
    const { violations } = await window.axe.run(document, options);
    return violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary}`));
  }, RULES);
}
