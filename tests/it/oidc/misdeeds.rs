//! Everything that a hostile or broken provider does wrong, one at a time, and the rule that must notice it.

use serde_json::{Value, json};

use super::key::{Key, base64url};

/// Where a misdeed happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Discovery,
    Keys,
    /// In the browser, on the way back.
    Answer,
    Token,
    IdToken,
    UserInfo,
}

macro_rules! misdeeds {
    ($($name:ident $stage:ident $code:literal;)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Misdeed { $($name,)+ }

        impl Misdeed {
            pub const ALL: &[Misdeed] = &[$(Misdeed::$name,)+];

            pub fn stage(self) -> Stage {
                match self { $(Misdeed::$name => Stage::$stage,)+ }
            }

            /// The rule that refuses it; `upstream` when the guarded client does.
            pub fn code(self) -> &'static str {
                match self { $(Misdeed::$name => $code,)+ }
            }
        }
    };
}

misdeeds! {
    // The documents.
    DiscoveryOfAnother Discovery "oidc.discovery_issuer";
    DiscoveryWithSlash Discovery "oidc.discovery_issuer";
    DiscoveryWithoutIssuer Discovery "oidc.discovery_issuer";
    DiscoveryNotJson Discovery "oidc.document";
    DiscoveryIssuerTwice Discovery "oidc.document";
    DiscoveryWithoutTokenEndpoint Discovery "oidc.document";
    DiscoveryPlainEndpoint Discovery "oidc.address";
    DiscoveryEndpointWithUser Discovery "oidc.address";
    DiscoveryScriptEndpoint Discovery "oidc.address";
    DiscoveryWithoutCodeFlow Discovery "oidc.offer";
    DiscoveryWithoutS256 Discovery "oidc.offer";
    DiscoveryHsOnly Discovery "oidc.offer";
    DiscoveryHuge Discovery "upstream";
    DiscoveryEndless Discovery "upstream";
    DiscoverySlow Discovery "upstream";
    DiscoveryRedirectsInside Discovery "upstream";
    KeysSymmetric Keys "oidc.keys";
    KeysPrivate Keys "oidc.keys";
    KeysWeak Keys "oidc.keys";
    KeysAmbiguous Keys "oidc.keys";
    KeysTooMany Keys "oidc.keys";
    KeysNotJson Keys "oidc.keys";
    KeysHuge Keys "upstream";
    KeysEndless Keys "upstream";
    KeysSlow Keys "upstream";
    KeysRedirectInside Keys "upstream";
    // The answer in the browser.
    OtherState Answer "oidc.state";
    NoState Answer "oidc.state";
    OtherIss Answer "oidc.iss_parameter";
    MissingIss Answer "oidc.iss_parameter";
    TwoCodes Answer "oidc.answer";
    AccessDenied Answer "oidc.denied";
    NoCode Answer "oidc.code";
    // The token endpoint.
    TokenInvalidGrant Token "oidc.token_refused";
    TokenDown Token "oidc.token_refused";
    TokenNotJson Token "oidc.token_answer";
    TokenTypeMac Token "oidc.token_answer";
    TokenWithoutIdToken Token "oidc.token_answer";
    TokenHuge Token "upstream";
    TokenEndless Token "upstream";
    TokenSlow Token "upstream";
    TokenRedirectsInside Token "upstream";
    // The ID token.
    OtherIssuer IdToken "oidc.issuer";
    IssuerWithSlash IdToken "oidc.issuer";
    NoIssuer IdToken "oidc.issuer";
    OtherAudience IdToken "oidc.audience";
    AudienceNumber IdToken "oidc.audience";
    SeveralAudiences IdToken "oidc.azp";
    OtherAzp IdToken "oidc.azp";
    OtherNonce IdToken "oidc.nonce";
    MissingNonce IdToken "oidc.nonce";
    AlgNone IdToken "oidc.algorithm";
    HsWithPublicKey IdToken "oidc.algorithm";
    EmbeddedJwk IdToken "oidc.header";
    Jku IdToken "oidc.header";
    X5u IdToken "oidc.header";
    X5c IdToken "oidc.header";
    Crit IdToken "oidc.header";
    KidIsPath IdToken "oidc.key";
    UnknownKid IdToken "oidc.key";
    OtherKey IdToken "oidc.signature";
    ChangedAfterSigning IdToken "oidc.signature";
    Expired IdToken "oidc.expired";
    ExpMissing IdToken "oidc.expired";
    ExpNever IdToken "oidc.expired";
    ExpNull IdToken "oidc.expired";
    ExpHuge IdToken "oidc.payload";
    IatFuture IdToken "oidc.not_yet_valid";
    IatMissing IdToken "oidc.not_yet_valid";
    NbfFuture IdToken "oidc.not_yet_valid";
    OtherAccessToken IdToken "oidc.at_hash";
    OtherCode IdToken "oidc.c_hash";
    NoSubject IdToken "oidc.subject";
    LongSubject IdToken "oidc.subject";
    LogoutTokenInstead IdToken "oidc.type";
    Encrypted IdToken "oidc.encrypted";
    TokenTooLarge IdToken "oidc.size";
    IssuerTwice IdToken "oidc.payload";
    TwoParts IdToken "oidc.shape";
    UserInfoOfAnother UserInfo "oidc.userinfo_subject";
    UserInfoSigned UserInfo "oidc.userinfo";
}

impl Misdeed {
    pub fn at(stage: Stage) -> impl Iterator<Item = Misdeed> {
        Self::ALL
            .iter()
            .copied()
            .filter(move |misdeed| misdeed.stage() == stage)
    }
}

/// A token of `claims` by `key`, spoilt: first its header and claims, then its bytes.
pub fn spoilt_token(misdeed: Option<Misdeed>, key: &Key, claims: Value) -> String {
    use Misdeed as M;
    let mut claims = claims;
    let mut header = json!({ "alg": key.algorithm(), "kid": key.kid, "typ": "JWT" });
    let now = claims["iat"].as_i64().unwrap_or_default();
    let stranger = || Key::p256("theirs");
    let mut set = |name: &str, value: Value| claims[name] = value;
    match misdeed {
        Some(M::OtherIssuer) => set("iss", "https://other.example".into()),
        Some(M::OtherAudience) => set("aud", "somebody-else".into()),
        Some(M::AudienceNumber) => set("aud", 7.into()),
        Some(M::OtherAzp) => set("azp", "somebody-else".into()),
        Some(M::OtherNonce) => set("nonce", "another-nonce".into()),
        Some(M::Expired) => set("exp", (now - 3_600).into()),
        Some(M::ExpNever) => set("exp", "never".into()),
        Some(M::ExpNull) => set("exp", Value::Null),
        Some(M::IatFuture) => set("iat", (now + 3_600).into()),
        Some(M::NbfFuture) => set("nbf", (now + 3_600).into()),
        Some(M::OtherAccessToken) => set("at_hash", base64url([7; 16]).into()),
        Some(M::OtherCode) => set("c_hash", base64url([7; 16]).into()),
        Some(M::LongSubject) => set("sub", "x".repeat(256).into()),
        Some(M::TokenTooLarge) => set("groups", "x".repeat(70_000).into()),
        Some(M::SeveralAudiences) => {
            let ours = claims["aud"].clone();
            claims["aud"] = json!([ours, "somebody-else"]);
        }
        Some(M::IssuerWithSlash) => {
            let issuer = format!("{}/", claims["iss"].as_str().unwrap_or_default());
            claims["iss"] = issuer.into();
        }
        Some(M::AlgNone) => header["alg"] = "none".into(),
        Some(M::HsWithPublicKey) => header["alg"] = "HS256".into(),
        Some(M::EmbeddedJwk) => header["jwk"] = stranger().jwk(),
        Some(M::Jku) => header["jku"] = "https://evil.example/keys".into(),
        Some(M::X5u) => header["x5u"] = "https://evil.example/cert".into(),
        Some(M::X5c) => header["x5c"] = json!(["MIIB"]),
        Some(M::Crit) => header["crit"] = json!(["exp"]),
        Some(M::KidIsPath) => header["kid"] = "../../../../dev/null".into(),
        Some(M::UnknownKid) => header["kid"] = "unknown".into(),
        Some(M::LogoutTokenInstead) => header["typ"] = "logout+jwt".into(),
        _ => {}
    }
    let gone = match misdeed {
        Some(M::NoIssuer) => "iss",
        Some(M::MissingNonce) => "nonce",
        Some(M::ExpMissing) => "exp",
        Some(M::IatMissing) => "iat",
        Some(M::NoSubject) => "sub",
        _ => "",
    };
    claims.as_object_mut().expect("claims").remove(gone);
    let content = claims.to_string();
    match misdeed {
        Some(M::ExpHuge) => {
            claims["exp"] = 0.into();
            key.token(&header, &claims.to_string().replace("\"exp\":0", "\"exp\":1e999"))
        }
        Some(M::IssuerTwice) => key.token(
            &header,
            &content.replacen('{', "{\"iss\":\"https://other.example\",", 1),
        ),
        // The header still names the right key and its algorithm.
        Some(M::OtherKey) => match key.algorithm() {
            "RS256" => Key::rsa(&key.kid).token(&header, &content),
            _ => Key::p256(&key.kid).token(&header, &content),
        },
        Some(M::EmbeddedJwk) => {
            header["alg"] = "ES256".into();
            stranger().token(&header, &content)
        }
        Some(M::ChangedAfterSigning) => {
            let token = key.token(&header, &content);
            let parts: Vec<&str> = token.split('.').collect();
            claims["sub"] = "somebody-else".into();
            format!("{}.{}.{}", parts[0], base64url(claims.to_string()), parts[2])
        }
        Some(M::Encrypted) => {
            let header = base64url(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#);
            format!("{header}.a2V5.aXY.Y2lwaGVydGV4dA.dGFn")
        }
        Some(M::TwoParts) => {
            let token = key.token(&header, &content);
            token
                .rsplit_once('.')
                .map(|(start, _)| start.to_owned())
                .unwrap_or_default()
        }
        _ => key.token(&header, &content),
    }
}
