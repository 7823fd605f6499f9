//! The SAML room: what is accepted, and every way in which a forged or misdirected Response is refused.

mod accepted;
mod certificates;
mod encrypted;
mod expectations;
mod limits;
mod mapping;
mod metadata;
mod requests;
mod shape;
mod signatures;
mod traces;
mod wrapping;

use doorward::model::time::Timestamp;
use doorward::saml::{
    Assertion, DEFAULT_SKEW_MILLIS, Expectations, Requested, SamlProblem, ServiceProvider, SpKey,
    TrustedKeys, verify,
};

use crate::idp::{NOW, Response, TestIdp, example_sp};

/// One ServiceProvider that trusts one IdP, at one moment.
pub struct House {
    pub sp: ServiceProvider,
    pub idp: TestIdp,
    pub trusted: TrustedKeys,
    pub keys: Vec<SpKey>,
    /// The request that we made, if any.
    pub request: Option<String>,
    pub now: Timestamp,
}

impl House {
    /// Trusts the IdP `acme`; expects nothing in particular at [`NOW`].
    pub fn new() -> Self {
        Self::with(TestIdp::new("acme"))
    }

    pub fn with(idp: TestIdp) -> Self {
        let trusted = TrustedKeys::new(std::slice::from_ref(idp.certificate()));
        Self {
            sp: example_sp(),
            idp,
            trusted,
            keys: Vec::new(),
            request: None,
            now: NOW,
        }
    }

    pub fn expectations(&self) -> Expectations<'_> {
        Expectations {
            sp: &self.sp,
            issuer: &self.idp.entity_id,
            trusted: &self.trusted,
            decryption_keys: &self.keys,
            requested: self
                .request
                .as_deref()
                .map_or(Requested::Unsolicited, |id| Requested::Answer { id }),
            skew_millis: DEFAULT_SKEW_MILLIS,
        }
    }

    pub fn verify(&self, xml: &str) -> Result<Assertion, SamlProblem> {
        verify(xml.as_bytes(), &self.expectations(), self.now)
    }

    /// Makes a Response with the knobs turned and verifies it.
    pub fn answer(&self, change: impl FnOnce(&mut Response)) -> Result<Assertion, SamlProblem> {
        self.verify(&self.idp.response(&self.sp, change))
    }

    /// The code with which a Response with the knobs turned is refused; `accepted` if it is not.
    pub fn code(&self, change: impl FnOnce(&mut Response)) -> &'static str {
        self.answer(change)
            .map_or_else(|problem| problem.code(), |_| "accepted")
    }
}
