// Every page of the gallery, audited as it stands in a folder: `{"folder": "target/gallery"}`.

import { createServer } from 'node:http';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { audit } from '../lib.mjs';

const TYPES = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml', '.png': 'image/png' };
// No looser than what the appliance itself sends.
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'";

function serve(folder) {
  return (request, response) => {
    const file = join(folder, normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname)));
    try {
      const body = readFileSync(file);
      response.setHeader('content-security-policy', POLICY);
      response.writeHead(200, { 'content-type': `${TYPES[extname(file)]}; charset=utf-8` }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  };
}

export default async function ({ arrive, step, folder }) {
  const server = createServer(serve(folder));
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const base = `http://127.0.0.1:${server.address().port}`;
  const visitor = await arrive({ base });
  const pages = readdirSync(folder).filter((name) => name.endsWith('.html'));
  if (pages.length === 0) throw new Error(`there is no page in ${folder}`);
  const wrong = [];
  for (const name of pages) {
    step(name);
    await visitor.go(`/${name}`);
    await audit(visitor, `gallery-${name.replace('.html', '')}`).catch((problem) => wrong.push(problem.message));
  }
  server.close();
  if (wrong.length > 0) throw new Error(wrong.join('\n\n'));
}
