//! Provisioning as identity providers see it: over real sockets, with what they really send.

mod access;
mod client;
mod crowd;
mod flow;
mod judges;
mod killed;
mod limits;
mod security;
mod vendors;
mod world;
