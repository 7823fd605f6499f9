//! What the server answers, family by family. No browser; real sockets.

mod first_run;
mod linking;
mod recovery;
mod sign_on;
