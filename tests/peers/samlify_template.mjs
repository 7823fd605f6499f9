// The response that samlify is given to sign: samlify leaves its text to the application. Two layouts and any
// prefixes, because identity providers differ in both and a service provider must not care.

import { randomUUID } from 'node:crypto';

const FIVE_MINUTES = 5 * 60 * 1000;
const PASSWORD = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport';
const BASIC = 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic';

const LINES = (P, A, to) => [
  `<${P}:Response xmlns:${P}="urn:oasis:names:tc:SAML:2.0:protocol" ID="{ID}" Version="2.0" IssueInstant="{Now}" Destination="{Acs}"${to}>`,
  `<${A}:Issuer xmlns:${A}="urn:oasis:names:tc:SAML:2.0:assertion">{Issuer}</${A}:Issuer>`,
  `<${P}:Status>`,
  `<${P}:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>`,
  `</${P}:Status>`,
  `<${A}:Assertion xmlns:${A}="urn:oasis:names:tc:SAML:2.0:assertion" ID="{AssertionID}" Version="2.0" IssueInstant="{Now}">`,
  `<${A}:Issuer>{Issuer}</${A}:Issuer>`,
  `<${A}:Subject>`,
  `<${A}:NameID Format="{NameIDFormat}">{NameID}</${A}:NameID>`,
  `<${A}:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">`,
  `<${A}:SubjectConfirmationData NotOnOrAfter="{Later}" Recipient="{Acs}"${to}/>`,
  `</${A}:SubjectConfirmation>`,
  `</${A}:Subject>`,
  `<${A}:Conditions NotBefore="{Now}" NotOnOrAfter="{Later}">`,
  `<${A}:AudienceRestriction>`,
  `<${A}:Audience>{Audience}</${A}:Audience>`,
  `</${A}:AudienceRestriction>`,
  `</${A}:Conditions>`,
  `<${A}:AuthnStatement AuthnInstant="{Now}" SessionIndex="{AssertionID}">`,
  `<${A}:AuthnContext>`,
  `<${A}:AuthnContextClassRef>${PASSWORD}</${A}:AuthnContextClassRef>`,
  `</${A}:AuthnContext>`,
  `</${A}:AuthnStatement>`,
];

/** The XML of an unsigned response for these facts. */
export function responseTemplate(lib, facts, { prefixes = {}, layout = 'plain' }) {
  const [protocol, assertion] = [prefixes.protocol ?? 'samlp', prefixes.assertion ?? 'saml'];
  const tags = {
    ID: `_${randomUUID()}`,
    AssertionID: `_${randomUUID()}`,
    Now: new Date(facts.now).toISOString(),
    Later: new Date(facts.now + FIVE_MINUTES).toISOString(),
    Acs: facts.acs,
    Issuer: facts.issuer,
    Audience: facts.audience,
    InResponseTo: facts.inResponseTo,
    NameID: facts.nameId,
    NameIDFormat: facts.nameIdFormat,
  };
  const to = facts.inResponseTo ? ' InResponseTo="{InResponseTo}"' : '';
  const lines = [
    ...LINES(protocol, assertion, to),
    ...attributeLines(assertion, facts, tags),
    `</${assertion}:Assertion>`,
    `</${protocol}:Response>`,
  ];
  const text = layout === 'spacious' ? lines.map(spacious).join('') : lines.join('');
  return lib.replaceTagsByValue(text, tags);
}

/** One element per attribute, one value element per value; the values go through samlify's own escaping. */
function attributeLines(prefix, facts, tags) {
  const lines = Object.entries(facts.attributes).map(([name, value], n) => {
    tags[`Name${n}`] = name;
    const values = [value].flat().map((each, v) => {
      tags[`Value${n}x${v}`] = each;
      return `<${prefix}:AttributeValue>{Value${n}x${v}}</${prefix}:AttributeValue>`;
    });
    const format = facts.nameFormat ?? BASIC;
    return `<${prefix}:Attribute Name="{Name${n}}" NameFormat="${format}">${values.join('')}</${prefix}:Attribute>`;
  });
  if (lines.length === 0) return [];
  return [`<${prefix}:AttributeStatement>`, ...lines, `</${prefix}:AttributeStatement>`];
}

/** The same element with blanks, tabs and line ends wherever XML allows them outside text. */
function spacious(line, n) {
  const roomy = line.replace(/^<([\w:]+) /, '<$1\n\t\t').replace(/" (?=[\w:]+=")/g, '"\n\t\t   ');
  return n === 0 ? roomy : `\n${'  '.repeat(1 + (n % 4))}${roomy}`;
}
