//! Tests from the outside: they use the library as `main` does and talk to it over real sockets.

mod config;
mod loopback;
mod outbound;
mod peer;
mod tls;
