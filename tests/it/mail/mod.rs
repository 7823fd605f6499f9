//! Mail: how it goes out, what the queue does with a bad server, and the links that go out by it.

mod account;
mod links;
mod lost;
mod queue;
pub mod server;
mod settings;
mod transport;

use crate::app::TestApp;
use server::Smtp;

/// Set up with a mail server on this machine.
pub fn mailing() -> (TestApp, Smtp) {
    let smtp = Smtp::start(server::Manner::default());
    let app = TestApp::start();
    set(&app, &smtp);
    (app, smtp)
}

/// Lets mail go out through this server.
pub fn set(app: &TestApp, smtp: &Smtp) {
    app.apply(&format!(
        "[mail]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom_address = \"door@example.com\"\n",
        smtp.port()
    ));
}
