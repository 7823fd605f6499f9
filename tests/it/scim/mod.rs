//! Provisioning: the protocol by itself, and as identity providers see it, over real sockets, with what they really send.

mod access;
mod client;
mod crowd;
mod flow;
mod generate;
mod judges;
mod killed;
mod limits;
mod protocol;
mod security;
mod takeover;
mod vendors;
mod world;
