//! The Response document and all of its knobs.

use doorward::model::time::{HOUR, MINUTE, Timestamp};
use doorward::saml::ServiceProvider;

use super::NOW;
use super::encrypt::Encrypt;
use super::key::TestKey;
use super::sign::{Slot, sign_element};

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Assertion,
    Response,
    Both,
    Nothing,
}

/// Namespace prefixes; an empty one makes that namespace the default.
#[derive(Clone, Copy, Debug)]
pub struct Prefixes {
    pub protocol: &'static str,
    pub assertion: &'static str,
    pub signature: &'static str,
}

/// Changes a piece of XML.
pub type Change = Box<dyn Fn(String) -> String>;

/// A Response in the making. All values go into the XML as they are, so a test can also put markup into them.
pub struct Response {
    pub id: String,
    pub version: &'static str,
    pub issue_instant: Timestamp,
    pub destination: Option<String>,
    /// In the Response *and* in the confirmation; see [`Response::confirmation_in_response_to`].
    pub in_response_to: Option<String>,
    pub issuer: Option<String>,
    pub status: String,
    pub sub_status: Option<String>,
    pub status_message: Option<String>,
    /// Inside Status, after the message.
    pub status_detail: String,
    /// Between Signature and Status.
    pub extensions: String,
    /// Whether there is an assertion at all.
    pub with_assertion: bool,

    pub assertion_id: String,
    pub assertion_version: &'static str,
    pub assertion_issue_instant: Timestamp,
    pub assertion_issuer: Option<String>,
    pub name_id: String,
    pub name_id_format: Option<String>,
    /// Instead of the usual NameID element.
    pub raw_name_id: Option<String>,
    pub confirmation_method: &'static str,
    pub recipient: Option<String>,
    /// Overrides [`Response::in_response_to`] in the confirmation.
    pub confirmation_in_response_to: Option<Option<String>>,
    pub confirmation_not_before: Option<Timestamp>,
    pub confirmation_not_on_or_after: Option<Timestamp>,
    pub with_conditions: bool,
    pub not_before: Option<Timestamp>,
    pub not_on_or_after: Option<Timestamp>,
    /// One AudienceRestriction for each inner list.
    pub audiences: Vec<Vec<String>>,
    pub extra_condition: String,
    pub with_authn_statement: bool,
    pub authn_instant: Timestamp,
    pub session_index: Option<String>,
    pub session_not_on_or_after: Option<Timestamp>,
    /// Name and values.
    pub attributes: Vec<(String, Vec<String>)>,
    /// At the end of the assertion.
    pub assertion_extra: String,

    pub sign: Sign,
    /// A certificate in KeyInfo, as most IdPs send it.
    pub key_info: bool,
    pub inclusive: Option<&'static str>,
    pub encrypt: Option<Encrypt>,
    pub prefixes: Prefixes,
    /// Line breaks and indentation between the parts.
    pub pretty: bool,

    /// Changes the Signature before it is signed.
    pub change_signature: Change,
    /// Changes the whole document before anything is signed.
    pub change_unsigned: Change,
    /// Changes the signed assertion before it is encrypted.
    pub change_plaintext: Change,
    /// Changes the result.
    pub change_signed: Change,
}

const ASSERTION_SLOT: &str = "[[assertion-signature]]";
const RESPONSE_SLOT: &str = "[[response-signature]]";

impl Response {
    /// A good answer of the IdP `entity_id` to `sp`: unsolicited, the assertion signed.
    pub fn new(entity_id: &str, sp: &ServiceProvider) -> Self {
        Self {
            id: "_response0001".to_owned(),
            version: "2.0",
            issue_instant: NOW,
            destination: Some(sp.acs_url.clone()),
            in_response_to: None,
            issuer: Some(entity_id.to_owned()),
            status: "urn:oasis:names:tc:SAML:2.0:status:Success".to_owned(),
            sub_status: None,
            status_message: None,
            status_detail: String::new(),
            extensions: String::new(),
            with_assertion: true,
            assertion_id: "_assertion0001".to_owned(),
            assertion_version: "2.0",
            assertion_issue_instant: NOW,
            assertion_issuer: Some(entity_id.to_owned()),
            name_id: "ada@acme.example".to_owned(),
            name_id_format: Some("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress".to_owned()),
            raw_name_id: None,
            confirmation_method: "urn:oasis:names:tc:SAML:2.0:cm:bearer",
            recipient: Some(sp.acs_url.clone()),
            confirmation_in_response_to: None,
            confirmation_not_before: None,
            confirmation_not_on_or_after: Some(NOW.plus(5 * MINUTE)),
            with_conditions: true,
            not_before: Some(NOW.minus(5 * MINUTE)),
            not_on_or_after: Some(NOW.plus(5 * MINUTE)),
            audiences: vec![vec![sp.entity_id.clone()]],
            extra_condition: String::new(),
            with_authn_statement: true,
            authn_instant: NOW.minus(MINUTE),
            session_index: Some("_session0001".to_owned()),
            session_not_on_or_after: Some(NOW.plus(8 * HOUR)),
            attributes: vec![
                ("email".to_owned(), vec!["ada@acme.example".to_owned()]),
                ("firstName".to_owned(), vec!["Ada".to_owned()]),
                ("lastName".to_owned(), vec!["Lovelace".to_owned()]),
                (
                    "groups".to_owned(),
                    vec!["Engineering".to_owned(), "Everyone".to_owned()],
                ),
            ],
            assertion_extra: String::new(),
            sign: Sign::Assertion,
            key_info: true,
            inclusive: None,
            encrypt: None,
            prefixes: Prefixes {
                protocol: "samlp",
                assertion: "saml",
                signature: "ds",
            },
            pretty: false,
            change_signature: Box::new(|xml| xml),
            change_unsigned: Box::new(|xml| xml),
            change_plaintext: Box::new(|xml| xml),
            change_signed: Box::new(|xml| xml),
        }
    }

    /// The same answer given at another moment.
    pub fn at(&mut self, now: Timestamp) {
        self.issue_instant = now;
        self.assertion_issue_instant = now;
        self.confirmation_not_on_or_after = Some(now.plus(5 * MINUTE));
        self.not_before = Some(now.minus(5 * MINUTE));
        self.not_on_or_after = Some(now.plus(5 * MINUTE));
        self.authn_instant = now.minus(MINUTE);
        self.session_not_on_or_after = Some(now.plus(8 * HOUR));
    }

    /// Writes, signs and encrypts.
    pub fn build(&self, key: &TestKey) -> String {
        let document = (self.change_unsigned)(self.document());
        let slot = |token, id| Slot {
            token,
            id,
            prefix: self.prefixes.signature,
            key_info: self.key_info,
            inclusive: self.inclusive,
            change: &self.change_signature,
        };
        let mut xml = if matches!(self.sign, Sign::Assertion | Sign::Both) {
            // The slot of the other signature must not be part of any text that is signed.
            sign_element(&document, &slot(ASSERTION_SLOT, &self.assertion_id), key)
        } else {
            document.replace(ASSERTION_SLOT, "")
        };
        if let Some(encrypt) = &self.encrypt {
            xml = self.sealed(&xml, encrypt);
        }
        xml = if matches!(self.sign, Sign::Response | Sign::Both) {
            sign_element(&xml, &slot(RESPONSE_SLOT, &self.id), key)
        } else {
            xml.replace(RESPONSE_SLOT, "")
        };
        (self.change_signed)(xml)
    }

    fn sealed(&self, xml: &str, encrypt: &Encrypt) -> String {
        let name = qualified(self.prefixes.assertion, "Assertion");
        let end = format!("</{name}>");
        let from = xml.find(&format!("<{name} ")).expect("an assertion");
        let to = xml.rfind(&end).expect("its end") + end.len();
        let plaintext = (self.change_plaintext)(xml[from..to].to_owned());
        format!(
            "{}{}{}",
            &xml[..from],
            encrypt.seal(self.prefixes.assertion, &plaintext),
            &xml[to..]
        )
    }

    fn document(&self) -> String {
        let p = |name| qualified(self.prefixes.protocol, name);
        let a = |name| qualified(self.prefixes.assertion, name);
        let nl = if self.pretty { "\n  " } else { "" };
        let declare = |prefix: &str, uri: &str| {
            let colon = if prefix.is_empty() { "" } else { ":" };
            format!(" xmlns{colon}{prefix}=\"{uri}\"")
        };
        let namespaces = declare(self.prefixes.protocol, "urn:oasis:names:tc:SAML:2.0:protocol")
            + &declare(self.prefixes.assertion, "urn:oasis:names:tc:SAML:2.0:assertion");
        let attributes = attribute("ID", Some(&self.id))
            + &attribute("Version", Some(self.version))
            + &attribute("IssueInstant", Some(&self.issue_instant.rfc3339()))
            + &attribute("Destination", self.destination.as_deref())
            + &attribute("InResponseTo", self.in_response_to.as_deref());
        let issuer = element(&a("Issuer"), "", self.issuer.as_deref());
        let sub = self.sub_status.as_ref().map_or(String::new(), |sub| {
            format!("<{} Value=\"{sub}\"/>", p("StatusCode"))
        });
        let message = element(&p("StatusMessage"), "", self.status_message.as_deref());
        let assertion = if self.with_assertion {
            self.assertion()
        } else {
            String::new()
        };
        format!(
            "<{response}{namespaces}{attributes}>{nl}{issuer}{RESPONSE_SLOT}{nl}{extensions}<{status}><{code} Value=\"{value}\">{sub}</{code}>{message}{detail}</{status}>{nl}{assertion}{nl}</{response}>",
            response = p("Response"),
            extensions = self.extensions,
            status = p("Status"),
            code = p("StatusCode"),
            value = self.status,
            detail = self.status_detail,
        )
    }

    fn assertion(&self) -> String {
        let a = |name| qualified(self.prefixes.assertion, name);
        let nl = if self.pretty { "\n    " } else { "" };
        let name_id = self.raw_name_id.clone().unwrap_or_else(|| {
            let format = attribute("Format", self.name_id_format.as_deref());
            element(&a("NameID"), &format, Some(&self.name_id))
        });
        let in_response_to = self
            .confirmation_in_response_to
            .as_ref()
            .unwrap_or(&self.in_response_to);
        let data = attribute("InResponseTo", in_response_to.as_deref())
            + &moment("NotBefore", self.confirmation_not_before)
            + &moment("NotOnOrAfter", self.confirmation_not_on_or_after)
            + &attribute("Recipient", self.recipient.as_deref());
        let confirmation = format!(
            "<{c} Method=\"{method}\"><{d}{data}/></{c}>",
            c = a("SubjectConfirmation"),
            method = self.confirmation_method,
            d = a("SubjectConfirmationData"),
        );
        format!(
            "<{assertion} ID=\"{id}\" Version=\"{version}\" IssueInstant=\"{instant}\">{nl}{issuer}{ASSERTION_SLOT}{nl}<{subject}>{name_id}{confirmation}</{subject}>{nl}{conditions}{nl}{authn}{nl}{attributes}{extra}</{assertion}>",
            assertion = a("Assertion"),
            id = self.assertion_id,
            version = self.assertion_version,
            instant = self.assertion_issue_instant.rfc3339(),
            issuer = element(&a("Issuer"), "", self.assertion_issuer.as_deref()),
            subject = a("Subject"),
            conditions = self.conditions(),
            authn = self.authn_statement(),
            attributes = self.attribute_statement(),
            extra = self.assertion_extra,
        )
    }

    fn conditions(&self) -> String {
        if !self.with_conditions {
            return String::new();
        }
        let a = |name| qualified(self.prefixes.assertion, name);
        let restrictions: String = self
            .audiences
            .iter()
            .map(|list| {
                let audiences: String = list
                    .iter()
                    .map(|one| element(&a("Audience"), "", Some(one)))
                    .collect();
                element(&a("AudienceRestriction"), "", Some(&audiences))
            })
            .collect();
        let dates = moment("NotBefore", self.not_before) + &moment("NotOnOrAfter", self.not_on_or_after);
        element(
            &a("Conditions"),
            &dates,
            Some(&(restrictions + &self.extra_condition)),
        )
    }

    fn authn_statement(&self) -> String {
        if !self.with_authn_statement {
            return String::new();
        }
        let a = |name| qualified(self.prefixes.assertion, name);
        let attributes = moment("AuthnInstant", Some(self.authn_instant))
            + &attribute("SessionIndex", self.session_index.as_deref())
            + &moment("SessionNotOnOrAfter", self.session_not_on_or_after);
        let class = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
        let context = element(
            &a("AuthnContext"),
            "",
            Some(&element(&a("AuthnContextClassRef"), "", Some(class))),
        );
        element(&a("AuthnStatement"), &attributes, Some(&context))
    }

    fn attribute_statement(&self) -> String {
        if self.attributes.is_empty() {
            return String::new();
        }
        let a = |name| qualified(self.prefixes.assertion, name);
        let one = |(name, values): &(String, Vec<String>)| {
            let values: String = values
                .iter()
                .map(|v| element(&a("AttributeValue"), "", Some(v)))
                .collect();
            element(&a("Attribute"), &attribute("Name", Some(name)), Some(&values))
        };
        let all: String = self.attributes.iter().map(one).collect();
        element(&a("AttributeStatement"), "", Some(&all))
    }
}

fn qualified(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}:{name}")
    }
}

fn attribute(name: &str, value: Option<&str>) -> String {
    value.map_or(String::new(), |value| format!(" {name}=\"{value}\""))
}

fn moment(name: &str, value: Option<Timestamp>) -> String {
    attribute(name, value.map(Timestamp::rfc3339).as_deref())
}

fn element(name: &str, attributes: &str, content: Option<&str>) -> String {
    content.map_or(String::new(), |content| {
        format!("<{name}{attributes}>{content}</{name}>")
    })
}
