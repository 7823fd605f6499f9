//! Tells cargo that the providers' data files are part of the program, so that a new one is built in.

fn main() {
    println!("cargo::rerun-if-changed=static/providers");
    println!("cargo::rerun-if-changed=src/build.rs");
}
