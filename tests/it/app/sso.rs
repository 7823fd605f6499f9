//! A SAML connection in a test: our test identity provider on the other side, the browser in between.

use std::collections::BTreeMap;
use std::io::Read;

use base64::{Engine, engine::general_purpose::STANDARD};
use doorward::saml::ServiceProvider;

use super::{Page, TestApp, Visitor};
use crate::idp::{Response, TestIdp};

/// A connection and the identity provider behind it.
pub struct Connected {
    pub slug: String,
    pub idp: TestIdp,
    pub sp: ServiceProvider,
}

/// An AuthnRequest as the identity provider received it.
#[derive(Debug)]
pub struct Asked {
    pub id: String,
    pub xml: String,
    pub url: url::Url,
}

impl TestApp {
    /// An owner confirms that the connection speaks for example.com: it signs in whoever has an address there, whatever
    /// their role but an owner's.
    pub fn speaks_for_us(&self, slug: &str) {
        self.apply(&format!(
            "[[connection]]\nslug = {slug:?}\ndomains = [\"example.com\"]\n"
        ));
    }

    /// Adds an enabled connection; `more` is appended to its `[connection.saml]`.
    pub fn connect(&self, slug: &str, more: &str) -> Connected {
        let idp = TestIdp::new(slug);
        let metadata = idp.metadata(&format!("https://idp.{slug}.example"));
        let files = BTreeMap::from([("idp.xml".to_owned(), metadata)]);
        let toml = format!(
            "[[connection]]\nslug = {slug:?}\nprovider = \"generic\"\nname = {slug:?}\n[connection.saml]\nmetadata_file = \"idp.xml\"\n{more}\n"
        );
        self.try_apply(&toml, files)
            .unwrap_or_else(|error| panic!("{error}\n{toml}"));
        let entity_id = format!("{}/sso/{slug}/metadata", self.base);
        let acs_url = format!("{}/sso/{slug}/acs", self.base);
        Connected {
            slug: slug.to_owned(),
            idp,
            sp: ServiceProvider {
                entity_id,
                acs_url,
                slo_url: format!("{}/sso/{slug}/slo", self.base),
            },
        }
    }
}

impl Connected {
    /// A good response for this person to a request; `change` turns the test identity provider's knobs.
    pub fn response(&self, email: &str, request: Option<&str>, change: impl FnOnce(&mut Response)) -> String {
        let xml = self.idp.response(&self.sp, |r| {
            r.name_id = email.to_owned();
            r.attributes = vec![("email".to_owned(), vec![email.to_owned()])];
            r.in_response_to = request.map(str::to_owned);
            r.assertion_id = format!("_{}", hash(&format!("{email}{request:?}")));
            change(r);
        });
        STANDARD.encode(xml)
    }

    /// The whole sign-in: asks, answers, posts. Returns what the ACS answered.
    pub fn sign_in(&self, visitor: &Visitor, email: &str) -> Page {
        self.sign_in_with(visitor, email, |_| {})
    }

    pub fn sign_in_with(&self, visitor: &Visitor, email: &str, change: impl FnOnce(&mut Response)) -> Page {
        let asked = visitor.ask(&self.slug, "");
        let response = self.response(email, Some(&asked.id), change);
        visitor.answer(&self.slug, &response, None)
    }
}

fn hash(text: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(text)
        .iter()
        .take(16)
        .map(|b| format!("{b:02x}"))
        .collect()
}

impl Visitor {
    /// Starts a sign-in and reads the request out of the redirect.
    pub fn ask(&self, slug: &str, query: &str) -> Asked {
        let page = self.get(&format!("/sso/{slug}{query}"));
        Asked::read(page.to())
    }

    /// Posts a response to the ACS, as the identity provider's page makes the browser do: from another site.
    pub fn answer(&self, slug: &str, response: &str, relay_state: Option<&str>) -> Page {
        let mut fields = vec![("SAMLResponse", response)];
        fields.extend(relay_state.map(|state| ("RelayState", state)));
        self.post_from_elsewhere(&format!("/sso/{slug}/acs"), &fields)
    }
}

impl Asked {
    pub fn read(location: &str) -> Self {
        let url: url::Url = location.parse().expect("an address");
        let field = url
            .query_pairs()
            .find(|(name, _)| name == "SAMLRequest")
            .expect("a request")
            .1
            .into_owned();
        let mut xml = String::new();
        let deflated = STANDARD.decode(field).expect("base64");
        flate2::read::DeflateDecoder::new(deflated.as_slice())
            .read_to_string(&mut xml)
            .expect("deflate");
        let id = xml
            .split_once(" ID=\"")
            .expect("an ID")
            .1
            .split_once('"')
            .expect("an ID")
            .0
            .to_owned();
        Self { id, xml, url }
    }
}
