// A foreign identity provider made of samlify, driven over lines of JSON. The protocol is in tests/peers/README.md.

import { answerLines } from './lines.mjs';
import { IdentityProvider } from './samlify.mjs';

const provider = new IdentityProvider();
await answerLines({
  metadata: (command) => provider.metadata(command),
  respond: (command) => provider.respond(command),
  logout_request: (command) => provider.logoutRequest(command),
  logout_answer: (command) => provider.logoutAnswer(command),
  logout_read: (command) => provider.logoutRead(command),
});
