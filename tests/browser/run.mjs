// Runs one journey: `node tests/browser/run.mjs NAME '{"base":"http://127.0.0.1:8080", …}'`.
//
// A journey is tests/browser/journeys/NAME.mjs; its default export gets one object: what was given as JSON, and
// `arrive(options)`, which brings a visitor. Prints one JSON summary as the last line on standard output; exits with 1
// when the journey failed or any of its visitors met a fault.

import { launch, Visitor } from './lib.mjs';

const [name, given = '{}'] = process.argv.slice(2);
const facts = JSON.parse(given);
const started = Date.now();
// A journey that hangs must end before whoever waits for it gives up; single waits end far earlier.
const LIMIT = 5 * 60 * 1000;
const steps = [];
const visitors = [];

async function travel(browser) {
  const { default: journey } = await import(`./journeys/${name}.mjs`);
  await journey({
    ...facts,
    // Tells where the journey is; the summary lists the steps taken, so that a failure shows how far it came.
    step: (what) => steps.push(what),
    arrive: async (options = {}) => {
      const visitor = await Visitor.arrive(browser, options.base ?? facts.base, options.context);
      visitors.push(visitor);
      return visitor;
    },
  });
  const faults = visitors.flatMap((visitor) => visitor.faults);
  if (faults.length > 0) throw new Error(`faults on the way:\n${faults.join('\n')}`);
}

async function whereabouts() {
  const pages = visitors.flatMap((visitor) => visitor.context.pages());
  return Promise.all(
    pages.map(async (page) => {
      const text = await page.locator('body').innerText({ timeout: 1000 }).catch(() => '');
      return { url: page.url(), text: text.slice(0, 1500) };
    }),
  );
}

function tooLong() {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`the journey took longer than ${LIMIT} ms`)), LIMIT).unref();
  });
}

const browser = await launch();
const summary = { journey: name, ok: true, steps };
try {
  await Promise.race([travel(browser), tooLong()]);
} catch (problem) {
  Object.assign(summary, { ok: false, problem: problem.stack ?? String(problem), pages: await whereabouts() });
} finally {
  await browser.close();
}
summary.milliseconds = Date.now() - started;
process.stdout.write(`${JSON.stringify(summary)}\n`);
process.exit(summary.ok ? 0 : 1);
