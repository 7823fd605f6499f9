// An identity provider made of samlify. Requests are parsed, schema-checked and judged, and responses signed and
// encrypted, by samlify and xml-crypto; ours is only the template that samlify asks every application for.

import { Keys } from './keys.mjs';
import { requireInstalled } from './modules.mjs';
import { responseTemplate } from './samlify_template.mjs';

const samlify = requireInstalled('samlify');
samlify.setSchemaValidator(requireInstalled('@authenio/samlify-xmllint-wasm'));

const POST = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST';
const REDIRECT = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect';
const ALGORITHMS = {
  'rsa-sha1': 'http://www.w3.org/2000/09/xmldsig#rsa-sha1',
  'rsa-sha256': 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'rsa-sha512': 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
  'rsa-pss-sha256': 'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1',
};
const ENCRYPTION = {
  'aes128-cbc': 'http://www.w3.org/2001/04/xmlenc#aes128-cbc',
  'aes256-cbc': 'http://www.w3.org/2001/04/xmlenc#aes256-cbc',
  'aes128-gcm': 'http://www.w3.org/2009/xmlenc11#aes128-gcm',
  'aes256-gcm': 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
  'tripledes-cbc': 'http://www.w3.org/2001/04/xmlenc#tripledes-cbc',
};
const KEY_TRANSPORT = {
  'rsa-oaep-mgf1p': 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p',
  'rsa-1_5': 'http://www.w3.org/2001/04/xmlenc#rsa-1_5',
};
const NAME_ID_FORMATS = {
  emailAddress: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
  persistent: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  transient: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
  unspecified: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
};

/** samlify cannot do what was asked for. */
export class Unsupported extends Error {}

/** The identity provider does not accept the request. */
export class Refused extends Error {}

function known(table, name, what) {
  if (!(name in table)) throw new Unsupported(`samlify has no ${what} ${name}`);
  return table[name];
}

export class IdentityProvider {
  entityId = 'https://samlify.example/idp';
  ssoUrl = 'https://samlify.example/sso';
  sloUrl = null;
  sloBindings = ['redirect', 'post'];
  keys = new Keys();

  /** Our metadata, with the certificates asked for, "a" when none is. */
  metadata(command) {
    return { xml: this.#entity(command).getMetadata() };
  }

  /** A response for a request, or, when there is none, for a tile in a portal. */
  async respond(command) {
    const idp = this.#entity(command);
    if (!command.sp_metadata) throw new Refused('there is no metadata of a service provider');
    const sp = this.#serviceProvider(command);
    const request = await parseRequest(idp, sp, command);
    const acs = sp.entityMeta.getAssertionConsumerService('post');
    checkRequest(request, sp, this, acs);
    const answer = await this.#createResponse(idp, sp, request, command, acs);
    return {
      saml_response: answer.context,
      acs,
      request_id: request?.extract.request.id ?? null,
      relay_state: command.relay_state ?? request?.relayState ?? null,
      xml: Buffer.from(answer.context, 'base64').toString(),
    };
  }

  /** A request to sign somebody out, by redirect or by POST. */
  logoutRequest(command) {
    const [idp, sp, binding] = this.#logout(command);
    const user = { logoutNameID: command.name_id, sessionIndex: command.session_indexes?.[0] };
    const request = idp.createLogoutRequest(sp, binding, user, { relayState: command.relay_state ?? '' });
    return { id: request.id, ...sent(request, binding, command.relay_state) };
  }

  /** Judges the service provider's request and answers it in the same binding. */
  async logoutAnswer(command) {
    const [idp, sp, binding] = this.#logout(command);
    const request = await judged(() => idp.parseLogoutRequest(sp, binding, received(command, 'SAMLRequest')));
    const { nameID, sessionIndex } = request.extract;
    const response = idp.createLogoutResponse(sp, request, binding, { relayState: command.relay_state ?? '' });
    return { name_id: nameID, session_indexes: [sessionIndex].flat(), ...sent(response, binding, command.relay_state) };
  }

  /** Judges the service provider's answer. */
  async logoutRead(command) {
    const [idp, sp, binding] = this.#logout(command);
    const came = received(command, 'SAMLResponse');
    const { extract } = await judged(() => idp.parseLogoutResponse(sp, binding, came));
    return {
      in_response_to: extract.response.inResponseTo,
      // samlify refuses every other status.
      status: 'urn:oasis:names:tc:SAML:2.0:status:Success',
      relay_state: came.query?.RelayState ?? command.relay_state,
    };
  }

  #logout(command) {
    const sp = samlify.ServiceProvider({
      metadata: command.sp_metadata,
      wantLogoutRequestSigned: true,
      wantLogoutResponseSigned: true,
    });
    return [this.#entity(command), sp, command.binding ?? 'redirect'];
  }

  #entity(command) {
    this.entityId = command.entity_id ?? this.entityId;
    this.ssoUrl = command.sso_url ?? this.ssoUrl;
    this.sloUrl = command.slo_url ?? this.sloUrl;
    this.sloBindings = command.slo_bindings ?? this.sloBindings;
    if ((command.key ?? 'rsa') !== 'rsa') throw new Unsupported('samlify has no keys other than RSA');
    const names = command.cmd === 'metadata' ? command.certificates ?? ['a'] : [command.certificate ?? 'a'];
    for (const name of names) if (!['a', 'b'].includes(name)) throw new Refused(`there is no certificate ${name}`);
    return samlify.IdentityProvider({
      entityID: this.entityId,
      signingCert: names.map((name) => this.keys.pair(name).certificate),
      privateKey: this.keys.pair(names[0]).key,
      wantAuthnRequestsSigned: command.require_signed ?? false,
      nameIDFormat: Object.values(NAME_ID_FORMATS),
      singleSignOnService: [REDIRECT, POST].map((Binding) => ({ Binding, Location: this.ssoUrl })),
      singleLogoutService: this.sloBindings
        .filter(() => this.sloUrl)
        .map((name) => ({ Binding: { redirect: REDIRECT, post: POST }[name], Location: this.sloUrl })),
      wantLogoutRequestSigned: true,
      wantLogoutResponseSigned: true,
      requestSignatureAlgorithm: known(ALGORITHMS, command.algorithm ?? 'rsa-sha256', 'signature algorithm'),
      isAssertionEncrypted: Boolean(command.encrypt),
      dataEncryptionAlgorithm: known(ENCRYPTION, command.encryption_algorithm ?? 'aes256-cbc', 'encryption'),
      keyEncryptionAlgorithm: known(KEY_TRANSPORT, command.key_transport ?? 'rsa-oaep-mgf1p', 'key transport'),
      tagPrefix: { encryptedAssertion: command.prefixes?.assertion ?? 'saml' },
    });
  }

  #serviceProvider(command) {
    const signs = command.sign ?? 'assertion';
    const sp = samlify.ServiceProvider({ metadata: command.sp_metadata, wantMessageSigned: signs !== 'assertion' });
    // samlify signs what the service provider's metadata wants; which identity provider signs what is ours to choose.
    sp.entityMeta.isWantAssertionsSigned = () => signs !== 'response';
    if (command.encrypt && !sp.entityMeta.getX509Certificate('encryption')) {
      throw new Unsupported("the service provider's metadata has no certificate to encrypt for");
    }
    return sp;
  }

  #createResponse(idp, sp, request, command, acs) {
    const now = Date.now() + 1000 * (command.now_offset_seconds ?? 0);
    const facts = {
      acs,
      issuer: this.entityId,
      audience: sp.entityMeta.getEntityID(),
      inResponseTo: request?.extract.request.id,
      nameId: command.name_id ?? `transient-${now}`,
      nameIdFormat: NAME_ID_FORMATS[command.name_id_format ?? 'persistent'] ?? command.name_id_format,
      attributes: command.attributes ?? {},
      nameFormat: command.name_format,
      now,
    };
    const context = responseTemplate(samlify.SamlLib, facts, command);
    // A signature of the message must cover what is sent, so encryption comes first. samlify's default is the reverse.
    const encryptThenSign = command.encrypt_then_sign ?? true;
    return idp.createLoginResponse(sp, request, 'post', {}, { customTagReplacement: () => ({ context }), encryptThenSign });
  }
}

/** The request as samlify understood it, with its signature verified when we require one; null when there is none. */
async function parseRequest(idp, sp, command) {
  if (!command.query && !command.authn_request) return null;
  const redirect = Boolean(command.query) || (command.binding ?? 'redirect') === 'redirect';
  try {
    if (!redirect) return await idp.parseLoginRequest(sp, 'post', { body: { SAMLRequest: command.authn_request } });
    const raw = command.query ?? `SAMLRequest=${encodeURIComponent(command.authn_request)}`;
    const query = Object.fromEntries(new URLSearchParams(raw));
    // The signature covers the parameters exactly as they were sent (saml-bindings §3.4.4.1).
    const signed = ['SAMLRequest', 'RelayState', 'SigAlg'].map((name) => raw.split('&').find((p) => p.startsWith(`${name}=`)));
    const request = await idp.parseLoginRequest(sp, 'redirect', { query, octetString: signed.filter(Boolean).join('&') });
    return { ...request, relayState: query.RelayState };
  } catch (problem) {
    throw new Refused(problem instanceof Error ? problem.message : String(problem));
  }
}

/** A logout message as it travels: an address, or the fields of a form. */
function sent(message, binding, relayState) {
  if (binding === 'redirect') return { url: message.context };
  return { action: message.entityEndpoint, message: message.context, relay_state: relayState };
}

/** What the browser brought, as samlify takes it; a signature of the query covers it exactly as it was sent. */
function received(command, field) {
  if (!command.query) return { body: { [field]: command.message } };
  const query = Object.fromEntries(new URLSearchParams(command.query));
  const parts = command.query.split('&');
  const signed = [field, 'RelayState', 'SigAlg'].map((name) => parts.find((p) => p.startsWith(`${name}=`)));
  return { query, octetString: signed.filter(Boolean).join('&') };
}

async function judged(parse) {
  try {
    return await parse();
  } catch (problem) {
    throw new Refused(problem instanceof Error ? problem.message : String(problem));
  }
}

/** What samlify leaves to the application: is the request for us, from this service provider, and to its consumer? */
function checkRequest(request, sp, provider, acs) {
  if (!request) return;
  const { issuer, request: facts } = request.extract;
  if (issuer !== sp.entityMeta.getEntityID()) throw new Refused(`the request's issuer is ${issuer}`);
  if (facts.destination && facts.destination !== provider.ssoUrl) {
    throw new Refused(`the request's destination is ${facts.destination}, we are ${provider.ssoUrl}`);
  }
  const asked = facts.assertionConsumerServiceUrl;
  if (asked && asked !== acs) throw new Refused(`the request asks for consumer ${asked}, the metadata has ${acs}`);
}
