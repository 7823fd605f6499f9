// A foreign identity provider made of samlify, driven over lines of JSON. The protocol is in tests/peers/README.md.

import { answerLines } from './lines.mjs';
import { IdentityProvider } from './samlify.mjs';

const provider = new IdentityProvider();
await answerLines({
  metadata: (command) => provider.metadata(command),
  respond: (command) => provider.respond(command),
});
