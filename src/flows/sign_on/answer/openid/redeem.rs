//! From a code to verified claims: the token endpoint, the ID token, and UserInfo where that is thin.

use crate::error::Result;
use crate::flows::Context;
use crate::flows::connect::openid::{Need, call, own_proof, provider_keys};
use crate::flows::sign_on::openid::{Proofs, is_forced};
use crate::model::{Check, Connection, OpenIdProvider, SignIn, Verdict};
use crate::oidc::{self, Claims, Code, Expected, Keys, OidcProblem, Redeem, Tokens};

/// One answer on its way to the provider.
pub struct Redeeming<'a> {
    pub ctx: &'a Context,
    pub connection: &'a Connection,
    pub provider: &'a OpenIdProvider,
    pub sign_in: &'a SignIn,
    /// Of the browser that brought the answer; it is the one that asked.
    pub flow_token: &'a str,
}

type Found<T> = std::result::Result<T, OidcProblem>;
/// Claims, the ID token that said them, and remarks for the trace.
type Redeemed = (Claims, String, Vec<Check>);

impl Redeeming<'_> {
    /// `passed` gets the rules that were met.
    pub async fn redeem(&self, code: &Code, passed: &mut Vec<Check>) -> Result<Found<Redeemed>> {
        let state = self.sign_in.request_id.as_deref().unwrap_or_default();
        let proofs = Proofs::of(self.flow_token, state);
        let tokens = match self.ask(code, &proofs).await? {
            Ok(tokens) => tokens,
            Err(problem) => return Ok(Err(problem)),
        };
        let mut claims = match self.verify(&tokens, code, &proofs, state, passed).await? {
            Ok(claims) => claims,
            Err(problem) => return Ok(Err(problem)),
        };
        let mut remarks = Vec::new();
        if let Err(problem) = self.fill_in(&tokens, &mut claims, &mut remarks).await {
            return Ok(Err(problem));
        }
        Ok(Ok((claims, tokens.id_token, remarks)))
    }

    async fn ask(&self, code: &Code, proofs: &Proofs) -> Result<Found<Tokens>> {
        let organization = self.ctx.organization();
        let organization = organization.ok_or_else(|| crate::error::Error::not_found("organization yet"))?;
        let own = own_proof(self.ctx, self.connection).await?;
        let request = oidc::token_request(
            code,
            &Redeem {
                provider: self.provider,
                auth: self.connection.oidc.client_auth,
                credential: own.credential(),
                verifier: &proofs.verifier,
                redirect_uri: &organization.base_url.callback(&self.connection.slug),
                now: self.ctx.now(),
                jti: &self.ctx.random.token(),
            },
        );
        let request = match request {
            Ok(request) => request,
            Err(problem) => return Ok(Err(problem)),
        };
        let basic = request
            .basic
            .as_ref()
            .map(|(user, word)| (user.as_str(), word.as_str()));
        let asking = self
            .ctx
            .outbound
            .post_form(&request.url, &request.form, basic, oidc::TOKENS_LIMIT);
        let replied = call(self.ctx, self.connection.id, "the token endpoint", asking).await;
        Ok(replied.and_then(|replied| oidc::read_tokens(replied.status, &replied.body)))
    }

    /// Against the keys that are known; against fresh ones when those know nothing of the token's key.
    async fn verify(
        &self,
        tokens: &Tokens,
        code: &Code,
        proofs: &Proofs,
        state: &str,
        passed: &mut Vec<Check>,
    ) -> Result<Found<Claims>> {
        let expected = Expected {
            provider: self.provider,
            nonce: &proofs.nonce,
            access_token: Some(&tokens.access_token),
            code: Some(code.as_str()),
            max_age: is_forced(state).then_some(0),
            asked_at: self.sign_in.started_at,
            now: self.ctx.now(),
        };
        let keys = match self.keys(Need::Good).await? {
            Ok(Some(keys)) => keys,
            Ok(None) => return Ok(Err(no_keys())),
            Err(problem) => return Ok(Err(problem)),
        };
        let first = oidc::verify_id_token(&tokens.id_token, &keys, &expected, passed);
        let wants_fresh = first.as_ref().is_err_and(OidcProblem::wants_fresh_keys);
        if !wants_fresh {
            return Ok(first);
        }
        // A provider that is away now leaves the first problem standing.
        match self.keys(Need::Newer).await? {
            Ok(Some(newer)) => Ok(oidc::verify_id_token(&tokens.id_token, &newer, &expected, passed)),
            _ => Ok(first),
        }
    }

    async fn keys(&self, need: Need) -> Result<Found<Option<Keys>>> {
        provider_keys(self.ctx, self.connection, self.provider, need).await
    }

    /// Asks UserInfo where the ID token names no e-mail or no name, and the connection wants that. A provider whose
    /// UserInfo is away lets in whom its ID token names.
    async fn fill_in(&self, tokens: &Tokens, claims: &mut Claims, remarks: &mut Vec<Check>) -> Found<()> {
        let profile = oidc::profile(claims);
        let is_thin =
            profile.email.is_none() || (profile.given_name.is_none() && profile.family_name.is_none());
        let Some(url) = self.provider.userinfo_endpoint.as_deref() else {
            return Ok(());
        };
        if !is_thin || !self.connection.oidc.userinfo {
            return Ok(());
        }
        let asking = self
            .ctx
            .outbound
            .get_with_bearer(url, &tokens.access_token, oidc::USERINFO_LIMIT);
        match call(self.ctx, self.connection.id, "the UserInfo endpoint", asking).await {
            Ok(fetched) => oidc::read_userinfo(fetched.content_type.as_deref(), &fetched.body, claims),
            Err(problem) => {
                remarks.push(Check {
                    verdict: Verdict::Warned,
                    ..problem.check()
                });
                Ok(())
            }
        }
    }
}

fn no_keys() -> OidcProblem {
    OidcProblem::Keys {
        detail: "there are none".to_owned(),
    }
}
