//! The HTTP server: limits, middleware, TLS, and a stop that lets requests finish.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::{Compat, from_fn};
use actix_web::{App, HttpServer, web};

use super::peer::TrustedProxies;
use super::tls::LiveCertificate;
use super::{assets, gate, headers, routes};
use crate::error::{Error, Result};
use crate::flows::Context;

/// How long requests in flight may take after a stop was asked for, in seconds.
const LAST_REQUESTS: u64 = 10;
/// Connections beyond this wait until another closes.
const CONNECTIONS: usize = 10_000;

/// A server that answers until it is told to stop.
pub struct Running(Server);

impl Running {
    /// Answers until `stop` completes; then takes no more connections and lets requests in flight finish.
    pub async fn until(self, stop: impl Future<Output = ()>) -> Result<()> {
        let handle = self.0.handle();
        let server = actix_web::rt::spawn(self.0);
        stop.await;
        handle.stop(true).await;
        server.await.map_err(Error::internal)?.map_err(Error::internal)
    }
}

/// Runs `work` on the runtime that the server needs.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(work)
}

/// A server that is about to answer on `listener`. Await it to serve; its handle stops it.
pub fn serve(
    ctx: Arc<Context>,
    listener: TcpListener,
    proxies: TrustedProxies,
    certificate: Option<&Arc<LiveCertificate>>,
) -> Result<Running> {
    let context = web::Data::new(ctx);
    let proxies = web::Data::new(proxies);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(context.clone())
            .app_data(proxies.clone())
            .wrap(Compat::new(from_fn(gate::guard)))
            .wrap(Compat::new(from_fn(headers::protect)))
            .configure(assets::routes)
            .configure(routes::configure)
    })
    .workers(
        std::thread::available_parallelism()
            .map_or(2, std::num::NonZero::get)
            .min(8),
    )
    .worker_max_blocking_threads(8)
    .max_connections(CONNECTIONS)
    .client_request_timeout(Duration::from_secs(10))
    .client_disconnect_timeout(Duration::from_secs(2))
    .keep_alive(Duration::from_secs(30))
    .shutdown_timeout(LAST_REQUESTS)
    .disable_signals();
    let server = match certificate {
        None => server.listen(listener).map_err(Error::internal)?,
        Some(certificate) => {
            let tls = certificate.server_config().map_err(Error::internal)?;
            server
                .listen_rustls_0_23(listener, tls)
                .map_err(Error::internal)?
        }
    };
    Ok(Running(server.run()))
}
