//! What the server answers, family by family. No browser; real sockets.

mod apply;
mod domains;
mod email_first;
mod factors;
mod features;
mod first_run;
mod gate;
mod hostile;
mod jit;
mod linking;
mod login;
mod mapping;
mod openid;
mod openid_keys;
mod openid_set_up;
mod passkeys;
mod people;
mod provisioning;
mod reauth;
mod recovery;
mod redirects;
mod roles;
mod secrets;
mod sessions;
mod sign_on;
mod sweep;
