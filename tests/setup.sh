# Finds or sets up what building and running for the device needs. Sourced by scripts, not run:
#
#   source tests/setup.sh
#   ensure_thumb && elf=$(device_elf segmeter-firmware) && ensure_qemu && qemu-system-arm ... -kernel "$elf"
#
# Every function succeeds, or returns non-zero after one line on stderr that names what is missing: the caller may then
# skip. Nothing is set up twice, and nothing at all when it is already there.

DEVICE_TARGET=thumbv7em-none-eabihf
SETUP_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# How device_cargo builds, once ensure_thumb has decided: "plain" (the toolchain has the target) or "source" (Debian's
# compiler, which has not, builds `core` itself).
DEVICE_ROAD=
DEVICE_LINKER=

missing() {
    echo "missing: $*" >&2
    return 1
}

# Debian packages, if we may install any. `apt-get update` only when the lists do not know them yet.
setup_apt() {
    local root=()
    command -v apt-get >/dev/null || { missing "$* (there is no apt-get here)"; return; }
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || { missing "$* (installing it needs root)"; return; }
        root=(sudo -n)
    fi
    echo "installing $* with apt-get: a minute or two" >&2
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@")
    "${root[@]}" "${install[@]}" >/dev/null 2>&1 && return
    "${root[@]}" apt-get update -qq >/dev/null 2>&1
    "${root[@]}" "${install[@]}" >/dev/null 2>&1 || missing "$* (apt-get cannot install it: no network, or no such package)"
}

# Whether compiler $1 comes with `core` for the device.
setup_has_target() {
    local directory
    directory=$("$1" --print target-libdir --target "$DEVICE_TARGET" 2>/dev/null) && [ -d "$directory" ]
}

# Whether Debian's compiler is there, with its source, and not older than the project asks for.
setup_has_debian() {
    [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] || return
    [ -d "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/core" ] || return
    local wanted found
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$SETUP_ROOT/Cargo.toml")
    found=$(/usr/bin/rustc --version | cut -d' ' -f2)
    [ "$(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1)" = "$wanted" ]
}

# Prints a linker for the device: the one in rustup's toolchain, or Debian's.
setup_linker() {
    local sysroot found
    if sysroot=$(rustc --print sysroot 2>/dev/null); then
        for found in "$sysroot"/lib/rustlib/*/bin/rust-lld; do
            [ -x "$found" ] && echo "$found" && return
        done
    fi
    command -v ld.lld || { setup_apt lld && command -v ld.lld; }
}

# A toolchain that builds for the device.
ensure_thumb() {
    [ -z "$DEVICE_ROAD" ] || return 0
    if setup_has_target rustc; then
        DEVICE_ROAD=plain
        return
    fi
    # Fails at once where rustup can reach nothing.
    if command -v rustup >/dev/null && rustup target add "$DEVICE_TARGET" >/dev/null 2>&1 && setup_has_target rustc; then
        DEVICE_ROAD=plain
        return
    fi
    setup_has_debian || setup_apt rustc-web cargo-web rust-web-src || return
    setup_has_debian || { missing "a Rust compiler for $DEVICE_TARGET (Debian's is too old)"; return; }
    DEVICE_LINKER=$(setup_linker) || return
    DEVICE_ROAD=source
    echo "device toolchain: $(/usr/bin/rustc --version)" >&2
}

# QEMU with the device's board.
ensure_qemu() {
    command -v qemu-system-arm >/dev/null || setup_apt qemu-system-arm
}

# What counts instructions of the host's kernels.
ensure_valgrind() {
    command -v valgrind >/dev/null || setup_apt valgrind
}

# Where device builds go: apart from the host's, whose cargo may be another version.
device_directory() {
    echo "${CARGO_TARGET_DIR:-$SETUP_ROOT/target}/device"
}

# device_cargo COMMAND [ARGUMENTS]: cargo for the firmware on the device. Call ensure_thumb first.
device_cargo() {
    local command=$1
    shift
    local arguments=("$command" --manifest-path "$SETUP_ROOT/Cargo.toml" -p segmeter-firmware --profile firmware
        --target "$DEVICE_TARGET" --target-dir "$(device_directory)" "$@")
    case $DEVICE_ROAD in
    plain) cargo "${arguments[@]}" ;;
    source)
        # RUSTC_BOOTSTRAP: `-Zbuild-std` is the one unstable thing used, and only on this road.
        env -u RUSTUP_TOOLCHAIN RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 PATH="/usr/bin:$PATH" \
            CARGO_TARGET_THUMBV7EM_NONE_EABIHF_LINKER="$DEVICE_LINKER" \
            /usr/bin/cargo -Zbuild-std=core "${arguments[@]}"
        ;;
    *) missing "a device toolchain (ensure_thumb has not succeeded)" ;;
    esac
}

# device_elf BINARY [ARGUMENTS]: builds one image and prints the path of its ELF.
device_elf() {
    local binary=$1
    shift
    # defmt drops every message below `error` unless this is set while building.
    DEFMT_LOG=${DEFMT_LOG:-info} device_cargo build --bin "$binary" "$@" >&2 &&
        echo "$(device_directory)/$DEVICE_TARGET/firmware/$binary"
}
