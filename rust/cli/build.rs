//! On Linux the binary finds libmlx.so beside an installation (`../lib`) or, in a checkout, where
//! `cargo xtask setup` keeps it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!(
            "cargo::rustc-link-arg-bins=-Wl,-rpath,$ORIGIN/../lib:$ORIGIN/../mlx/wheel/mlx/lib"
        );
    }
}
