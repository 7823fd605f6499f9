//! Every rule that a Response must pass, in the order of the procedure, and the record of how far one got.
//!
//! A rule has one stable code. A [`super::SamlProblem`] belongs to exactly one rule, so the trace of a refused
//! sign-in follows from the problem and the list of rules passed before it.

use crate::model::check::{Check, Verdict};

use super::problem::SamlProblem;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident $code:literal $title:literal;)+) => {
        /// A rule; the numbers in the comments are the steps of the procedure in [`super::response`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Rule { $($(#[$doc])* $name,)+ }

        impl Rule {
            /// All rules in the order in which they are asked.
            pub const ALL: &[Rule] = &[$(Rule::$name,)+];

            /// The stable code, for tests, traces and searching.
            pub fn code(self) -> &'static str {
                match self { $(Rule::$name => $code,)+ }
            }

            /// The rule in a few words, for people.
            pub fn title(self) -> &'static str {
                match self { $(Rule::$name => $title,)+ }
            }
        }
    };
}

rules! {
    /// Step 1.
    Size "saml.size" "The message has a sane size";
    /// Step 1.
    Encoding "saml.encoding" "The message is Base64 of UTF-8 text";
    /// Step 2.
    DocumentType "saml.document_type" "The message has no document type and no entities";
    /// Step 2.
    Limits "saml.limits" "Nesting, attributes and namespaces are within limits";
    /// Step 2.
    Xml "saml.xml" "The message is well-formed XML";
    /// Step 3.
    Response "saml.response" "The message is a SAML 2.0 Response";
    /// Step 4.
    Ids "saml.ids" "Every ID is unique and well-formed";
    /// Step 14.
    IdpStatus "saml.idp_status" "The identity provider reports success";
    /// Step 5.
    OneAssertion "saml.one_assertion" "There is exactly one assertion, in its place";
    /// Step 6.
    SignaturePlace "saml.signature_place" "Signatures are only where they belong";
    /// Step 7.
    Signed "saml.not_signed" "The response or its assertion is signed";
    /// Step 9.
    Certificate "saml.no_certificate" "A signing certificate is configured";
    /// Step 8.
    SignatureShape "saml.signature_shape" "The signature has the plain form of the SAML profile";
    /// Step 8.
    Sha1 "saml.sha1" "The signature does not use SHA-1";
    /// Step 8.
    Algorithm "saml.algorithm" "The signature algorithm is accepted";
    /// Step 8.
    Transforms "saml.transforms" "The signed content is not transformed";
    /// Step 8.
    Reference "saml.signature_reference" "The signature covers the element that holds it";
    /// Step 11.
    Digest "saml.digest" "The signed content is unchanged";
    /// Step 10.
    Trusted "saml.signature_untrusted" "The signature is by a trusted certificate";
    /// Step 10.
    SignatureValue "saml.signature_value" "The signature value is genuine";
    /// Step 5.
    EncryptionAlgorithm "saml.encryption_algorithm" "The encryption algorithms are accepted";
    /// Step 5.
    Decryption "saml.decryption" "An encrypted assertion can be decrypted";
    /// Step 12.
    AssertionShape "saml.assertion_shape" "The assertion has all required parts";
    /// Step 13.
    Issuer "saml.issuer" "The issuer is the configured identity provider";
    /// Step 15.
    Destination "saml.destination" "Destination is our sign-in address";
    /// Step 17.
    Confirmation "saml.confirmation" "There is a bearer confirmation";
    /// Step 15.
    Recipient "saml.recipient" "Recipient is our sign-in address";
    /// Step 16.
    Conditions "saml.conditions" "The conditions are present and understood";
    /// Step 16.
    Audience "saml.audience" "Audience is this service provider";
    /// Step 17.
    NotYetValid "saml.not_yet_valid" "The assertion is already valid";
    /// Step 17.
    Expired "saml.expired" "The assertion is still valid";
    /// Step 20.
    SessionExpired "saml.session_expired" "The identity provider's session is still open";
    /// Step 18.
    InResponseTo "saml.in_response_to" "The response answers our request";
    /// Not a step: a pinned certificate counts until it is removed, but an admin should know that it ends.
    CertificateEnds "saml.certificate_ends" "The signing certificate is within its dates";
}

/// What was compared when a rule passed; filled only while tracing.
#[derive(Debug)]
struct Passed {
    rule: Rule,
    verdict: Verdict,
    expected: Option<String>,
    received: Option<String>,
    remedy: Option<String>,
}

/// The rules passed so far. [`Record::off`] keeps nothing and costs nothing.
#[derive(Debug)]
pub struct Record {
    on: bool,
    passed: Vec<Passed>,
}

impl Record {
    /// A record that ignores everything, for the path that only wants the answer.
    pub fn off() -> Self {
        Self {
            on: false,
            passed: Vec::new(),
        }
    }

    /// A record that keeps everything, for traces.
    pub fn on() -> Self {
        Self {
            on: true,
            passed: Vec::with_capacity(Rule::ALL.len()),
        }
    }

    /// Notes that `rule` passed.
    pub fn pass(&mut self, rule: Rule) {
        self.pass_with(rule, || (None, None));
    }

    /// Notes that `rule` passed and what it compared: (expected, received). Not called when the record is off.
    pub fn pass_with(&mut self, rule: Rule, values: impl FnOnce() -> (Option<String>, Option<String>)) {
        if self.on && !self.has(rule) {
            let (expected, received) = values();
            self.passed.push(Passed {
                rule,
                verdict: Verdict::Passed,
                expected,
                received,
                remedy: None,
            });
        }
    }

    /// Notes that `rule` passed, with something that an admin should know.
    pub fn warn(&mut self, rule: Rule, received: String, remedy: &str) {
        if self.on && !self.has(rule) {
            let (received, remedy) = (Some(received), Some(remedy.to_owned()));
            self.passed.push(Passed {
                rule,
                verdict: Verdict::Warned,
                expected: None,
                received,
                remedy,
            });
        }
    }

    fn has(&self, rule: Rule) -> bool {
        self.passed.iter().any(|p| p.rule == rule)
    }

    /// One line for every rule, in order: passed, failed (the problem's rule) or not reached.
    pub fn checks(mut self, problem: Option<&SamlProblem>) -> Vec<Check> {
        Rule::ALL.iter().map(|rule| self.check(*rule, problem)).collect()
    }

    fn check(&mut self, rule: Rule, problem: Option<&SamlProblem>) -> Check {
        let (code, title) = (rule.code().to_owned(), rule.title().to_owned());
        if let Some(problem) = problem.filter(|p| p.rule() == rule) {
            let (expected, received) = (problem.expected(), problem.received());
            let remedy = Some(problem.remedy());
            return Check {
                code,
                title,
                verdict: Verdict::Failed,
                expected,
                received,
                remedy,
            };
        }
        match self.passed.iter().position(|p| p.rule == rule) {
            Some(at) => {
                let Passed {
                    verdict,
                    expected,
                    received,
                    remedy,
                    ..
                } = self.passed.swap_remove(at);
                Check {
                    code,
                    title,
                    verdict,
                    expected,
                    received,
                    remedy,
                }
            }
            // A success has passed every rule, also those that had nothing to look at.
            None => {
                let verdict = if problem.is_some() {
                    Verdict::NotReached
                } else {
                    Verdict::Passed
                };
                Check {
                    code,
                    title,
                    verdict,
                    expected: None,
                    received: None,
                    remedy: None,
                }
            }
        }
    }
}
