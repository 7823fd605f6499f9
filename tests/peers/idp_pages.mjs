// The pages of the identity provider that the journeys meet. Plain on purpose: they are not what is being looked at.

const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ENTITIES[c]);
const hidden = (name, value) => (value == null ? '' : `<input type="hidden" name="${name}" value="${escape(value)}">`);

const page = (title, body) => `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<title>${title}</title></head><body><main><h1>${title}</h1>${body}</main></body></html>`;

const choices = (people) => people.map((person, n) => `<option value="${n}">${escape(person.name)}</option>`).join('');

/** Whom to sign in as, with the request that brought the browser here. */
export const loginPage = (people, asked) =>
  page(
    'Test identity provider',
    `<form method="post" action="/sign-in">${hidden('asked', JSON.stringify(asked))}
<label>Sign in as <select name="person">${choices(people)}</select></label> <button>Sign in</button></form>`,
  );

/** Whom to sign in as; the answer goes to `action`. */
export const choicePage = (people, action) =>
  page(
    'Test identity provider',
    `<form method="post" action="${escape(action)}"><label>Sign in as <select name="person">${choices(people)}</select></label>
<button>Sign in</button></form>`,
  );

/** A portal with one tile, which nobody's request asked for. */
export const portalPage = (people) =>
  page(
    'Portal',
    `<form method="post" action="/sign-in"><label>Sign in as <select name="person">${choices(people)}</select></label>
<button>Doorward</button></form>`,
  );

/** Hands the response over: at once with scripts, by the button without. */
export const postingPage = ({ acs, saml_response, relay_state }) =>
  page(
    'Signing in',
    `<form method="post" action="${escape(acs)}">${hidden('SAMLResponse', saml_response)}${hidden('RelayState', relay_state)}
<button>Continue</button></form><script>document.forms[0].submit()</script>`,
  );

export const errorPage = (message) => page('Error', `<p role="alert">${escape(message)}</p>`);
