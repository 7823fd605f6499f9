//! The whole program from outside, over real sockets, and the pages it draws.

mod config;
mod gallery;
mod loopback;
mod outbound;
mod peer;
mod tls;
