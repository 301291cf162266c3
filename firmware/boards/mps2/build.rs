//! Hands the linker scripts to the linker, for a device only: on the host this script does nothing.
//!
//! The arguments live here and not in a member's `.cargo/config.toml`, which cargo does not read when it is started
//! from the workspace root: the image would then link without a memory layout, and be empty.

use std::path::PathBuf;
use std::{env, fs};

/// Images, and the memory each is linked for.
const IMAGES: [(&str, &str); 5] = [
    ("mps2-an386", "an386"),
    ("mps2-an505", "an505"),
    ("mps3-an547", "an547"),
    ("bench", "an386"),
    ("no_panic", "an386"),
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=memory");
    println!("cargo::rustc-check-cfg=cfg(armv8m)");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("none") {
        return;
    }
    if env::var("TARGET").is_ok_and(|target| target.starts_with("thumbv8m")) {
        println!("cargo::rustc-cfg=armv8m");
    }

    // cortex-m-rt's link.x includes memory.x by name. A folder of OUT_DIR for each board is on the search path of its
    // images, whatever the directory cargo was started from.
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    for (image, board) in IMAGES {
        let folder = out.join(board);
        fs::create_dir_all(&folder).expect("a folder in OUT_DIR");
        fs::copy(format!("memory/{board}.x"), folder.join("memory.x"))
            .expect("memory.x can be copied to OUT_DIR");
        println!("cargo::rustc-link-arg-bin={image}=-L{}", folder.display());
        // Only the firmware logs; the others hold no defmt at all.
        if image.starts_with("mps") {
            println!("cargo::rustc-link-arg-bin={image}=-Tdefmt.x");
        }
    }
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rustc-link-arg-bins=--nmagic");
}
