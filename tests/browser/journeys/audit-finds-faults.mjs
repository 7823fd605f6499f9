// The audit itself: a page with every fault that it looks for, and the same page without. An audit that finds
// nothing would let every other journey pass.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { audit, findFaults } from '../lib.mjs';

const page = (body, head = '') =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width"><title>Page</title>${head}</head><body><main><h1>Page</h1>${body}</main></body></html>`;

const PAGES = {
  '/good': page('<p>Nothing is wrong here.</p>'),
  '/label': page('<input name="q">'),
  '/contrast': page('<p class="faint">Hard to read.</p>', '<link rel="stylesheet" href="/style.css">'),
  '/wide': page('<p class="wide">Too wide.</p>', '<link rel="stylesheet" href="/style.css">'),
  '/inline-style': page('<p style="color: red">Refused by the policy.</p>'),
  '/inline-script': page('<script>document.title = "run"</script>'),
  '/missing': page('<p>A picture that is not there.</p><img alt="A door" src="/nowhere.png">'),
  '/throws': page('<script src="/throws.js"></script>'),
};
const OTHERS = {
  '/style.css': ['text/css', '.faint { color: #bbb; background: #fff } .wide { width: 700px }'],
  '/throws.js': ['text/javascript', 'throw new Error("thrown on purpose")'],
};
const POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'";
// What the audit must say about each page.
const EXPECTED = {
  '/label': /^audit at 320 px, light: label:/,
  '/contrast': /color-contrast:/,
  '/wide': /at 320 px scrolls sideways/,
  '/inline-style': /\/inline-style: policy: style-src-attr blocked inline/,
  '/inline-script': /\/inline-script: policy: script-src-elem blocked inline/,
  '/missing': /console: .*404/,
  '/throws': /script: thrown on purpose/,
};

function serve(request, response) {
  const [type, body] = OTHERS[request.url] ?? ['text/html', PAGES[request.url]];
  response.writeHead(body ? 200 : 404, { 'content-type': type, 'content-security-policy': POLICY }).end(body ?? 'none');
}

export default async function ({ arrive, step }) {
  const server = createServer(serve);
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const base = `http://127.0.0.1:${server.address().port}`;
  for (const [path, expected] of Object.entries(EXPECTED)) {
    step(path);
    const visitor = await arrive({ base });
    await visitor.go(path);
    const found = await findFaults(visitor, 'audit', [320], ['light']);
    assert.ok(found.some((fault) => expected.test(fault)), `${path}: ${expected} is not among ${JSON.stringify(found)}`);
    await visitor.leave();
  }
  for (const javaScriptEnabled of [true, false]) {
    step(`/good, scripts ${javaScriptEnabled}`);
    const visitor = await arrive({ base, context: { javaScriptEnabled } });
    await visitor.go('/good');
    await visitor.at('Page');
    await audit(visitor, 'audit');
  }
  server.close();
}
