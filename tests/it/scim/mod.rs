//! Provisioning as identity providers see it: over real sockets, with what they really send.

mod access;
mod flow;
mod generate;
mod protocol;
