//! An OpenID Connect connection in a test: our test provider on the other side, the browser in between.

use super::{Page, TestApp, Visitor};
use crate::idp::NOW;
use crate::oidc::op::TestOp;

impl TestApp {
    /// Adds an enabled connection of a new provider; `more` is appended to its `[connection.oidc]`.
    pub fn connect_openid(&self, slug: &str, more: &str) -> TestOp {
        let op = TestOp::start();
        op.set_now(NOW.0 / 1000);
        self.apply(&openid_toml(slug, &op, more));
        op
    }
}

/// A connection of this provider, as `apply` takes it.
pub fn openid_toml(slug: &str, op: &TestOp, more: &str) -> String {
    format!(
        "[[connection]]\nslug = {slug:?}\nname = {slug:?}\n[connection.oidc]\nissuer = {:?}\nclient_id = \"door\"\n{more}\n",
        op.issuer
    )
}

impl Visitor {
    /// Starts a sign-in and goes through the provider; where the browser is sent back to.
    pub fn ask_openid(&self, slug: &str, op: &TestOp) -> String {
        op.answer(self.get(&format!("/sso/{slug}")).to())
    }

    /// The whole sign-in: what the redirect URI answered.
    pub fn sign_in_openid(&self, slug: &str, op: &TestOp) -> Page {
        self.get(&self.ask_openid(slug, op))
    }
}
