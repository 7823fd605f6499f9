//! Telling a connection who its SAML identity provider is, by hand.

use crate::app::TestApp;

#[test]
fn an_issuer_that_follows_from_the_sign_in_url_need_not_be_typed() {
    let app = TestApp::start();
    let alice = app.alice();
    let certificate = crate::idp::TestIdp::new("okta").certificate().to_base64();
    let give = |slug: &str, provider: &str, issuer: &str, url: &str| {
        let new = [("name", slug), ("slug", slug), ("provider", provider)];
        let at = format!("/admin/integrations/new?provider={provider}");
        alice.post(&at, &new);
        let fields = [
            ("entity_id", issuer),
            ("sign_in_url", url),
            ("certificate", certificate.as_str()),
        ];
        alice.post(
            &format!("/admin/integrations/{slug}/identity-provider?by=hand"),
            &fields,
        )
    };
    let known = |slug: &str| {
        let slug = slug.to_owned();
        let read = app
            .ctx
            .store
            .read(move |r| doorward::store::connections::get_by_slug(r, &slug));
        read.expect("a connection").saml.idp.map(|idp| idp.entity_id)
    };
    let url = "https://acme.okta.com/app/acme_door_1/exk5f8x1/sso/saml";
    assert_eq!(give("okta", "okta", "", url).status, 303);
    assert_eq!(known("okta").as_deref(), Some("http://www.okta.com/exk5f8x1"));
    // What is typed counts, and an address of another shape says nothing.
    assert_eq!(give("typed", "okta", "urn:typed", url).status, 303);
    assert_eq!(known("typed").as_deref(), Some("urn:typed"));
    let page = give("other", "okta", "", "https://idp.example/sso");
    assert_eq!(page.status, 422);
    assert!(
        page.text().contains("does not follow from this sign-in URL"),
        "{}",
        page.text()
    );
    // Elsewhere it does not follow at all.
    assert_eq!(give("generic", "generic", "", url).status, 422);
    assert_eq!(known("generic"), None);
}
