# Finds or sets up what building and running for the device needs. Sourced by scripts, not run:
#
#   source tests/setup.sh
#   ensure_thumb && elf=$(device_elf mps2-an386) && ensure_qemu && qemu-system-arm ... -kernel "$elf"
#
# Every function succeeds, or returns non-zero after one line on stderr that names what is missing: the caller may then
# skip. Nothing is set up twice, and nothing at all when it is already there.

# The target of the images that measure and prove. Every image ends up in its folder (device_images).
DEVICE_TARGET=thumbv7em-none-eabihf
# Every board with an image of the firmware: the image's name, and the board's in `segmeter device --board`.
BOARDS="mps2-an386 mps2-an505 mps3-an547 microbit riscv-virt"
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

# Whether compiler $1 comes with `core` for target $2.
setup_has_target() {
    local directory
    directory=$("$1" --print target-libdir --target "$2" 2>/dev/null) && [ -d "$directory" ]
}

# Prints the package, the target, the emulator and the profile of an image.
device_facts() {
    case $1 in
    mps2-an386 | bench | no_panic) echo "segmeter-mps2 $DEVICE_TARGET qemu-system-arm firmware" ;;
    mps2-an505 | mps3-an547) echo segmeter-mps2 thumbv8m.main-none-eabihf qemu-system-arm firmware ;;
    microbit) echo segmeter-microbit thumbv6m-none-eabi qemu-system-arm small ;;
    # A workspace of its own, as a board of a user's.
    lm3s6965evb) echo lm3s6965evb thumbv7m-none-eabi qemu-system-arm release ;;
    riscv-virt) echo segmeter-riscv-virt riscv32imac-unknown-none-elf qemu-system-riscv32 firmware ;;
    *) missing "an image $1 (boards: $BOARDS)" ;;
    esac
}

# The same of the toolchain's own compiler, perhaps since now: rustup fails at once where it can reach nothing.
setup_add_target() {
    setup_has_target rustc "$1" && return
    command -v rustup >/dev/null && rustup target add "$1" >/dev/null 2>&1 && setup_has_target rustc "$1"
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

# A toolchain that builds for target $1; without one, for the target of the images that measure.
ensure_thumb() {
    local target=${1:-$DEVICE_TARGET}
    [ "$DEVICE_ROAD" != source ] || return 0
    if setup_add_target "$target"; then
        DEVICE_ROAD=plain
        return
    fi
    setup_has_debian || setup_apt rustc-web cargo-web rust-web-src || return
    setup_has_debian || { missing "a Rust compiler for $target (Debian's is too old)"; return; }
    DEVICE_LINKER=$(setup_linker) || return
    DEVICE_ROAD=source
    echo "device toolchain: $(/usr/bin/rustc --version)" >&2
}

# What board $1 needs: a toolchain for its target, and an emulator that knows it.
ensure_board() {
    local package target emulator profile
    read -r package target emulator profile < <(device_facts "$1") && [ -n "$package" ] || return
    ensure_thumb "$target" && ensure_qemu "$emulator" || return
    "$emulator" -M help | grep "^$(device_machine "$1") " >/dev/null ||
        missing "board $1 in $emulator ($("$emulator" --version | head -n 1))"
}

# QEMU's name of board $1.
device_machine() {
    echo "${1#riscv-}"
}

# QEMU; of the boards that measure, if no emulator is named.
ensure_qemu() {
    local emulator=${1:-qemu-system-arm}
    command -v "$emulator" >/dev/null && return
    case $emulator in
    qemu-system-riscv32) setup_apt qemu-system-misc ;;
    *) setup_apt qemu-system-arm ;;
    esac
}

# What counts instructions of the host's kernels.
ensure_valgrind() {
    command -v valgrind >/dev/null || setup_apt valgrind
}

# Where device builds go: apart from the host's, whose cargo may be another version.
device_directory() {
    echo "${CARGO_TARGET_DIR:-$SETUP_ROOT/target}/device"
}

# Where all images are.
device_images() {
    echo "$(device_directory)/$DEVICE_TARGET/firmware"
}

# device_cargo COMMAND IMAGE [ARGUMENTS]: cargo for an image on its device. Call ensure_thumb or ensure_board first.
device_cargo() {
    local command=$1 image=$2 package target emulator profile linker
    shift 2
    read -r package target emulator profile < <(device_facts "$image") && [ -n "$package" ] || return
    local manifest=$SETUP_ROOT/Cargo.toml
    [ "$package" != lm3s6965evb ] || manifest=$SETUP_ROOT/firmware/boards/lm3s6965evb/Cargo.toml
    local arguments=("$command" --manifest-path "$manifest" -p "$package" --bin "$image"
        --profile "$profile" --target "$target" --target-dir "$(device_directory)" "$@")
    case $DEVICE_ROAD in
    plain) cargo "${arguments[@]}" ;;
    source)
        linker=$(tr 'a-z.-' 'A-Z__' <<<"CARGO_TARGET_${target}_LINKER")
        # RUSTC_BOOTSTRAP: `-Zbuild-std` is the one unstable thing used, and only on this road.
        env -u RUSTUP_TOOLCHAIN RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 PATH="/usr/bin:$PATH" \
            "$linker=$DEVICE_LINKER" /usr/bin/cargo -Zbuild-std=core "${arguments[@]}"
        ;;
    *) missing "a device toolchain (ensure_thumb has not succeeded)" ;;
    esac
}

# device_elf IMAGE [ARGUMENTS]: builds one image and prints the path of its ELF, in the folder of all images.
device_elf() {
    local image=$1 package target emulator profile built elf
    shift
    elf=$(device_images)/$image
    read -r package target emulator profile < <(device_facts "$image") && [ -n "$package" ] || return
    built=$(device_directory)/$target/$profile/$image
    # defmt drops every message below `error` unless this is set while building.
    DEFMT_LOG=${DEFMT_LOG:-info} device_cargo build "$image" "$@" >&2 || return
    [ "$built" = "$elf" ] || { mkdir -p "$(device_images)" && cp -u "$built" "$elf"; } || return
    echo "$elf"
}
