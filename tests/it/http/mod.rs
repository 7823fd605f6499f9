//! What the server answers, family by family. No browser; real sockets.

mod first_run;
mod gate;
mod linking;
mod login;
mod people;
mod recovery;
mod sign_on;
