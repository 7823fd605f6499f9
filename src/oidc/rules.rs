//! Every rule that a provider, its answers and its tokens must pass, each with one stable code, and the trace of a sign-in.
//!
//! An [`OidcProblem`] belongs to exactly one rule. The rules of a sign-in are asked in the order of [`Rule::SIGN_IN`],
//! so that the trace of a refused one follows from the problem and the values that the rules before it compared.

use crate::model::check::{Check, Verdict};

use super::problem::OidcProblem;

macro_rules! rules {
    ($($name:ident $code:literal $title:literal;)+) => {
        /// A rule; [`OidcProblem`] says what can go wrong with it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Rule { $($name,)+ }

        impl Rule {
            /// All rules: set-up, sign-in, what else an identity provider sends.
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
    Address "oidc.address" "The address is a plain https address";
    Document "oidc.document" "The provider's document can be read";
    DiscoveryIssuer "oidc.discovery_issuer" "The discovery document is of the configured issuer";
    Offer "oidc.offer" "The provider offers what a safe sign-in needs";
    Request "oidc.request" "The settings make a valid request";
    OwnKey "oidc.own_key" "Our own key can be used";
    State "oidc.state" "This browser started the sign-in that is answered";
    Answer "oidc.answer" "The answer says everything once";
    IssParameter "oidc.iss_parameter" "The answer is from the configured issuer";
    Denied "oidc.denied" "The provider reports success";
    Code "oidc.code" "The answer carries a code";
    Credential "oidc.credential" "There is a credential for the provider's way of asking";
    Reachable "oidc.unreachable" "The provider answers this server";
    TokenRefused "oidc.token_refused" "The provider redeems the code";
    TokenAnswer "oidc.token_answer" "The provider gives an access token and an ID token";
    Keys "oidc.keys" "The provider's keys can be used";
    Size "oidc.size" "The token has a sane size";
    Shape "oidc.shape" "The token is a signed JWT";
    Encrypted "oidc.encrypted" "The token is not encrypted";
    Header "oidc.header" "The token brings no key of its own";
    Type "oidc.type" "The token is of the expected type";
    Algorithm "oidc.algorithm" "The signature algorithm is accepted";
    Key "oidc.key" "The signing key is one of the provider's";
    Signature "oidc.signature" "The signature is genuine";
    Payload "oidc.payload" "The claims are readable and said once";
    Issuer "oidc.issuer" "The issuer is the configured one";
    Audience "oidc.audience" "The token is meant for this client";
    AuthorizedParty "oidc.azp" "The token was issued to this client";
    Expired "oidc.expired" "The token is still valid";
    NotYetValid "oidc.not_yet_valid" "The token is already valid";
    Nonce "oidc.nonce" "The token answers this sign-in";
    AccessTokenHash "oidc.at_hash" "The access token belongs to the ID token";
    CodeHash "oidc.c_hash" "The code belongs to the ID token";
    AuthTime "oidc.auth_time" "The person signed in at the provider recently enough";
    Subject "oidc.subject" "The token names the person";
    UserInfo "oidc.userinfo" "The UserInfo answer can be read";
    UserInfoSubject "oidc.userinfo_subject" "UserInfo is about the same person";
    SubjectClaim "oidc.subject_claim" "The lasting name of the person is there";
    TokenId "oidc.token_id" "The token has an ID, so that it counts once";
    Events "oidc.events" "The token is a logout token";
    NoNonce "oidc.logout_nonce" "A logout token has no nonce";
    RevocationBody "oidc.revocation" "The request says whose sessions end";
}

impl Rule {
    /// The rules of a sign-in, in the order in which they are asked.
    pub const SIGN_IN: &[Rule] = &[
        Rule::State,
        Rule::Answer,
        Rule::IssParameter,
        Rule::Denied,
        Rule::Code,
        Rule::Credential,
        Rule::Reachable,
        Rule::TokenRefused,
        Rule::TokenAnswer,
        Rule::Keys,
        Rule::Size,
        Rule::Encrypted,
        Rule::Shape,
        Rule::Header,
        Rule::Type,
        Rule::Algorithm,
        Rule::Key,
        Rule::Signature,
        Rule::Payload,
        Rule::Issuer,
        Rule::Audience,
        Rule::AuthorizedParty,
        Rule::Expired,
        Rule::NotYetValid,
        Rule::Nonce,
        Rule::AccessTokenHash,
        Rule::CodeHash,
        Rule::AuthTime,
        Rule::Subject,
        Rule::UserInfo,
        Rule::UserInfoSubject,
        Rule::SubjectClaim,
    ];

    /// A line of the trace without values.
    fn line(self, verdict: Verdict) -> Check {
        Check {
            code: self.code().to_owned(),
            title: self.title().to_owned(),
            verdict,
            expected: None,
            received: None,
            remedy: None,
        }
    }
}

/// Notes that `rule` passed and what it compared; a second pass of the same rule replaces the first.
pub(super) fn pass(checks: &mut Vec<Check>, rule: Rule, expected: Option<String>, received: Option<String>) {
    checks.retain(|check| check.code != rule.code());
    checks.push(Check {
        expected,
        received,
        ..rule.line(Verdict::Passed)
    });
}

/// One line for every rule of a sign-in, in order. `passed` are the checks that the functions of this room noted;
/// `problem` is what ended the sign-in, nothing when every rule passed.
pub fn trace(passed: Vec<Check>, problem: Option<&OidcProblem>) -> Vec<Check> {
    let mut passed = passed;
    let end = problem.map(OidcProblem::rule);
    let at = end.and_then(|end| Rule::SIGN_IN.iter().position(|rule| *rule == end));
    let mut lines: Vec<Check> = Rule::SIGN_IN
        .iter()
        .enumerate()
        .map(|(place, rule)| {
            let known = passed.iter().position(|check| check.code == rule.code());
            let known = known.map(|place| passed.swap_remove(place));
            match (problem, at) {
                (Some(problem), Some(at)) if place == at => problem.check(),
                (_, Some(at)) if place > at => rule.line(Verdict::NotReached),
                _ => known.unwrap_or_else(|| rule.line(Verdict::Passed)),
            }
        })
        .collect();
    // What is wrong with the settings themselves ends a sign-in before its first rule.
    if let (Some(problem), None) = (problem, at) {
        lines
            .iter_mut()
            .for_each(|line| line.verdict = Verdict::NotReached);
        lines.insert(0, problem.check());
    }
    lines
}
