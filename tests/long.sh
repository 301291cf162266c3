# What `tests/run --long` does after the tests of every day: fuzzing of every reader and every loss, NEON under
# emulation, and the Python package. Sourced by tests/run, whose check and skip it uses, as well as tests/setup.sh.
#
#   SEGMETER_FUZZ_SECONDS=600 tests/run --long    more than the minute that each target gets

# --- fuzzing ---

LONG_TOOLS=${CARGO_TARGET_DIR:-$root/target}/tools

# A nightly compiler and cargo-fuzz: what is missing is installed into the target folder, not into the user's home.
ensure_fuzz() {
    command -v rustup >/dev/null && rustup toolchain list 2>/dev/null | grep -q '^nightly' ||
        { missing "a nightly toolchain (rustup toolchain install nightly)"; return; }
    command -v cargo-fuzz >/dev/null || PATH=$LONG_TOOLS/bin:$PATH
    command -v cargo-fuzz >/dev/null || cargo install --quiet --locked --root "$LONG_TOOLS" cargo-fuzz >&2 ||
        missing "cargo-fuzz (cargo cannot install it)"
}

# Its own target folder: what is built here is instrumented.
fuzz() {
    local command=$1
    shift
    cargo +nightly fuzz "$command" --fuzz-dir tests/fuzz --target-dir "${CARGO_TARGET_DIR:-$root/target}/fuzz" "$@"
}

# fuzz_target NAME: finds nothing for as long as it may look. An input that takes seconds counts as found.
fuzz_target() {
    local corpus=tests/fuzz/corpus/$1
    mkdir -p "$corpus" || return
    # A target without seeds has no such folder.
    [ ! -d "tests/fuzz/seeds/$1" ] || cp tests/fuzz/seeds/"$1"/* "$corpus" || return
    fuzz run "$1" "$corpus" -- -max_total_time="${SEGMETER_FUZZ_SECONDS:-60}" -timeout=10 -print_final_stats=1
}

if ensure_fuzz; then
    for target in $(cargo +nightly fuzz list --fuzz-dir tests/fuzz); do
        check "fuzzing of $target" fuzz_target "$target"
    done
else
    skip "fuzzing"
fi

# --- NEON ---

NEON_TARGET=aarch64-unknown-linux-gnu
NEON_ROAD=

# A toolchain for it, a linker and an emulator; by the same two roads as the device's (tests/setup.sh).
ensure_neon() {
    command -v aarch64-linux-gnu-gcc >/dev/null && [ -d /usr/aarch64-linux-gnu/lib ] && command -v qemu-aarch64 >/dev/null ||
        setup_apt gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user || return
    if [ -z "${SEGMETER_NEON_FROM_SOURCE-}" ] && setup_add_target "$NEON_TARGET"; then
        NEON_ROAD=plain
        return
    fi
    setup_has_debian || setup_apt rustc-web cargo-web rust-web-src || return
    setup_has_debian || { missing "a Rust compiler for $NEON_TARGET (Debian's is too old)"; return; }
    NEON_ROAD=source
}

# neon_cargo COMMAND [ARGUMENTS]: cargo for NEON; what it runs, it runs in the emulator.
neon_cargo() {
    local command=$1
    shift
    local arguments=("$command" --release --target "$NEON_TARGET" --target-dir "${CARGO_TARGET_DIR:-$root/target}/neon" "$@")
    # Every float would take the emulator hours: one in 1009, as in the tests of every day.
    local environment=(env -u SEGMETER_LONG CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
        CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu")
    case $NEON_ROAD in
    plain) "${environment[@]}" cargo "${arguments[@]}" ;;
    source)
        # RUSTC_BOOTSTRAP: for `-Zbuild-std`, as in device_cargo.
        "${environment[@]}" env -u RUSTUP_TOOLCHAIN RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 PATH="/usr/bin:$PATH" \
            /usr/bin/cargo -Zbuild-std=std,panic_abort "${arguments[@]}"
        ;;
    *) missing "a toolchain for NEON (ensure_neon has not succeeded)" ;;
    esac
}

# neon_loss LEVEL COMMAND...: what the command says of real frames, for a few losses that differ in their arithmetic, with the
# sums of their gradients.
neon_loss() {
    local level=$1 loss gradient=$neon_folder/gradient.npy
    shift
    for loss in bce focal focal_tversky lovasz_hinge; do
        "$@" loss "$loss" --logits tests/data/demo/road_i8.bin --labels tests/data/demo/reference_bits.bin \
            --shape 221,120,160 --dtype i8 --scale 0.10186974 --zero-point 15 --level "$level" --gradient "$gradient" --json &&
            cksum <"$gradient" || return
    done
}

# The command with NEON says the same as here, to the last bit. It names the level that it used: only this shows that
# the emulated machine has NEON, and so that the tests above went through it.
neon_is_used() {
    local neon=${CARGO_TARGET_DIR:-$root/target}/neon/$NEON_TARGET/release/segmeter neon_folder status=0
    neon_folder=$(mktemp -d) || return
    neon_cargo build -p segmeter --bin segmeter && cargo build --release -p segmeter --bin segmeter &&
        neon_loss neon qemu-aarch64 -L /usr/aarch64-linux-gnu "$neon" >"$neon_folder/neon" &&
        neon_loss scalar "${CARGO_TARGET_DIR:-$root/target}/release/segmeter" >"$neon_folder/here" &&
        [ "$(grep -c '"level": "neon"' "$neon_folder/neon")" = 4 ] &&
        diff <(grep -v '"level"' "$neon_folder/neon") <(grep -v '"level"' "$neon_folder/here") || status=$?
    rm -r "$neon_folder"
    return "$status"
}

if ensure_neon; then
    neon_tests() { neon_cargo test -p segmeter-tests "$@" -- --test-threads 2; }
    check "NEON: the same bits at every level (equality)" neon_tests --test equality
    check "NEON: golden values" neon_tests --test golden --test golden_metrics
    check "NEON is what these tests used, with the bits of $(uname -m)" neon_is_used
else
    skip "NEON"
fi

# --- Python ---

if command -v python3 >/dev/null && python3 -c 'import ensurepip, venv' 2>/dev/null; then
    check "Python: the wheel installs, its bits are the command's, types hold, the README runs" std-adapter/python/test
    check "lints of the Python package" env CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}/python" \
        cargo clippy --release --quiet --manifest-path std-adapter/python/Cargo.toml -- -D warnings
else
    skip "Python (python3-venv is not there)"
fi

# --- the oldest compiler, licences, packed crates ---

# The compiler that `rust-version` names: clippy does not see a new impl of an old trait.
msrv() {
    local version
    version=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    rustup toolchain install "$version" --profile minimal >/dev/null 2>&1 || return
    CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}/msrv cargo "+$version" check --workspace --all-features --all-targets
}
if command -v rustup >/dev/null; then
    check "the oldest Rust compiles everything" msrv
else
    skip "the oldest Rust"
fi

ensure_tool() {
    command -v "$1" >/dev/null || PATH=$LONG_TOOLS/bin:$PATH
    command -v "$1" >/dev/null || cargo install --quiet --locked --root "$LONG_TOOLS" "$1" >&2 ||
        missing "$1 (cargo cannot install it)"
}
if ensure_tool cargo-deny; then
    check "licences and sources (deny.toml)" cargo deny --workspace check bans licenses sources
    if cargo deny fetch db >/dev/null 2>&1; then
        check "advisories" cargo deny --workspace check advisories
    else
        skip "advisories (their database is out of reach)"
    fi
else
    skip "licences"
fi
check "a program of the packed crates runs" tests/package --run

# What `tests/data/released.txt` names is what others build on: nothing public of it goes without a new version.
semver() {
    local package
    for package in segmeter-core segmeter segmeter-firmware; do
        CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}/semver \
            cargo semver-checks --package "$package" --baseline-rev "$(cat tests/data/released.txt)" || return
    done
}
if ! git cat-file -e "$(cat tests/data/released.txt)^{commit}" 2>/dev/null; then
    skip "public API (the commit in tests/data/released.txt is not in this clone)"
elif ensure_tool cargo-semver-checks; then
    check "nothing public is gone since tests/data/released.txt" semver
else
    skip "public API"
fi
