//! The whole program from outside, and the pages it draws.

mod browser;
mod gallery;
mod peers;
