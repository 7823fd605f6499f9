//! The whole program from outside, over real sockets, and the pages it draws. One binary: one link, shared peers.

mod access;
mod app;
mod binary;
mod browser;
mod config;
mod directory;
mod foreign;
mod gallery;
mod http;
mod idp;
mod journeys;
mod lockout;
mod loopback;
mod mail;
mod names;
mod oidc;
mod outbound;
mod peer;
mod peers;
mod providers;
mod saml;
mod scim;
mod sign_out;
mod store;
mod tidy;
mod tls;
