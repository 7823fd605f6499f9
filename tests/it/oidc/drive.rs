//! The whole way of a sign-in against the provider of ours, over real sockets: good, and spoilt in every way.

use std::time::{Duration, Instant};

use doorward::model::{ClientAuth, OidcSettings, OpenIdProvider};
use doorward::oidc::{
    Ask, ClientKey, Credential, DISCOVERY_LIMIT, Expected, KEYS_LIMIT, KeyKind, OidcProblem, Redeem,
    TOKENS_LIMIT, USERINFO_LIMIT, authorization_url, check_answer, discovery_url, profile, read_discovery,
    read_keys, read_tokens, read_userinfo, state, token_request, verify_id_token,
};
use doorward::outbound::{AllowedUpstream, GuardedClient, Policy};
use url::Url;

use super::key::Key;
use super::misdeeds::{Misdeed, Stage};
use super::op::{Client, TestOp};
use super::{CLIENT, NONCE, NOW, VERIFIER, at};

const REDIRECT: &str = "http://127.0.0.1:1/sso/acme/callback";
const STATE: &str = "state-of-this-browser";

/// A client that may talk to loopback.
fn neighbour() -> GuardedClient {
    let loopback = AllowedUpstream::Network("127.0.0.0/8".parse().expect("a network"));
    GuardedClient::new(Policy::new(vec![loopback])).with_time_limit(Duration::from_millis(1_500))
}

/// One sign-in, as a flow would do it. The code of the rule that ended it, or the person's e-mail.
async fn sign_in(op: &TestOp, auth: ClientAuth, credential: Credential<'_>) -> Result<String, &'static str> {
    let client = neighbour();
    let upstream = |_| "upstream";
    let refuse = |problem: OidcProblem| problem.code();
    let url = discovery_url(&op.issuer).map_err(refuse)?;
    let document = client.get(&url, DISCOVERY_LIMIT).await.map_err(upstream)?;
    let provider: OpenIdProvider = read_discovery(&document.body, &op.issuer)
        .map_err(refuse)?
        .provider(CLIENT);
    let settings = OidcSettings::default();
    let ask = Ask {
        provider: &provider,
        settings: &settings,
        redirect_uri: REDIRECT,
        state: STATE,
        nonce: NONCE,
        verifier: VERIFIER,
        login_hint: None,
        force: true,
    };
    let back = Url::parse(&op.answer(&authorization_url(&ask).map_err(refuse)?)).expect("an address");
    let params: Vec<(String, String)> = back.query_pairs().into_owned().collect();
    if state(&params) != Some(STATE) {
        return Err(OidcProblem::State { received: true }.code());
    }
    let code = check_answer(&params, &provider).map_err(refuse)?;
    let with = Redeem {
        provider: &provider,
        auth,
        credential,
        verifier: VERIFIER,
        redirect_uri: REDIRECT,
        now: at(NOW),
        jti: "jti-1",
    };
    let request = token_request(&code, &with).map_err(refuse)?;
    let basic = request
        .basic
        .as_ref()
        .map(|(user, password)| (user.as_str(), password.as_str()));
    let reply = client
        .post_form(&request.url, &request.form, basic, TOKENS_LIMIT)
        .await
        .map_err(upstream)?;
    let tokens = read_tokens(reply.status, &reply.body).map_err(refuse)?;
    let keys = client
        .get(&provider.jwks_uri, KEYS_LIMIT)
        .await
        .map_err(upstream)?;
    let keys = read_keys(&keys.body).map_err(refuse)?;
    let expected = Expected {
        provider: &provider,
        nonce: NONCE,
        access_token: Some(&tokens.access_token),
        code: Some(code.as_str()),
        max_age: Some(0),
        asked_at: at(NOW),
        now: at(NOW),
    };
    let mut claims = verify_id_token(&tokens.id_token, &keys, &expected, &mut Vec::new()).map_err(refuse)?;
    let userinfo = provider.userinfo_endpoint.as_deref().expect("an endpoint");
    let said = client
        .get_with_bearer(userinfo, &tokens.access_token, USERINFO_LIMIT)
        .await
        .map_err(upstream)?;
    read_userinfo(said.content_type.as_deref(), &said.body, &mut claims).map_err(refuse)?;
    let again = client
        .post_form(&request.url, &request.form, basic, TOKENS_LIMIT)
        .await
        .map_err(upstream)?;
    assert_eq!(
        read_tokens(again.status, &again.body)
            .expect_err("a code twice")
            .code(),
        "oidc.token_refused"
    );
    Ok(profile(&claims).email.unwrap_or_default())
}

fn run(op: &TestOp, auth: ClientAuth, credential: Credential<'_>) -> Result<String, &'static str> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(sign_in(op, auth, credential))
}

#[test]
fn a_good_provider_signs_people_in_however_the_client_proves_itself() {
    let op = TestOp::start();
    let bob = Ok("bob@example.com".to_owned());
    assert_eq!(run(&op, ClientAuth::None, Credential::None), bob);
    op.set_thin(true);
    assert_eq!(run(&op, ClientAuth::None, Credential::None), bob);
    op.set_client(Client::Secret("s:e/c r%t".to_owned()));
    for auth in [ClientAuth::ClientSecretBasic, ClientAuth::ClientSecretPost] {
        assert_eq!(run(&op, auth, Credential::Secret("s:e/c r%t")), bob);
        assert_eq!(
            run(&op, auth, Credential::Secret("wrong")),
            Err("oidc.token_refused")
        );
    }
    assert_eq!(
        run(&op, ClientAuth::None, Credential::None),
        Err("oidc.token_refused")
    );
    op.set_client(Client::Assertion);
    let key = ClientKey::generate(KeyKind::Es256).expect("a key");
    assert_eq!(run(&op, ClientAuth::PrivateKeyJwt, Credential::Key(&key)), bob);
}

#[test]
fn every_kind_of_key_signs_people_in() {
    for key in [Key::p256("e"), Key::p384("f"), Key::ed25519("g")] {
        let op = TestOp::start_with(key);
        assert_eq!(
            run(&op, ClientAuth::None, Credential::None),
            Ok("bob@example.com".to_owned())
        );
    }
}

#[test]
fn every_misdeed_is_refused_by_its_own_rule() {
    let op = TestOp::start();
    for misdeed in Misdeed::ALL {
        op.misbehave(*misdeed);
        let started = Instant::now();
        let ended = run(&op, ClientAuth::None, Credential::None);
        assert_eq!(ended, Err(misdeed.code()), "{misdeed:?}");
        assert!(started.elapsed() < Duration::from_secs(6), "{misdeed:?}");
    }
    assert_eq!(op.canary.connections(), 0);
    op.behave();
    assert!(run(&op, ClientAuth::None, Credential::None).is_ok());
    assert!(Misdeed::at(Stage::IdToken).count() > 30);
}

#[test]
fn a_rotated_key_counts_once_it_is_published() {
    let op = TestOp::start();
    let old = op.key.jwk();
    op.rotate(Key::rsa("k2"));
    assert!(run(&op, ClientAuth::None, Credential::None).is_ok());
    op.publish(vec![old]);
    assert_eq!(run(&op, ClientAuth::None, Credential::None), Err("oidc.key"));
}

#[test]
fn a_provider_that_is_down_is_told_and_a_stranger_gets_no_code() {
    let op = TestOp::start();
    op.set_down(true);
    assert_eq!(run(&op, ClientAuth::None, Credential::None), Err("upstream"));
    op.set_down(false);
    assert!(run(&op, ClientAuth::None, Credential::None).is_ok());
    assert!(op.asked("/token") > 0);
}
