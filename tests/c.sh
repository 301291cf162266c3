# What is tested of firmware/c, the library for C: its archives, its header, programs in C and C++ on this machine and on two
# boards in QEMU, CMake. Sourced by tests/run, whose check and skip it uses, as well as tests/setup.sh.

C=$root/firmware/c
C_WORK=${CARGO_TARGET_DIR:-$root/target}/c
C_STRICT=(-Wall -Wextra -Werror -pedantic -I"$C/include" -I"$C/examples/board")
C_IMAGE=(-Os -ffunction-sections -fdata-sections -ffreestanding -nostartfiles -Wl,--gc-sections -Wl,-z,noexecstack
    -Wa,-I"$C_WORK" -L"$C/examples/board")
# Board: target, and what the compiler must know of its core.
C_MICROBIT=(thumbv6m-none-eabi -mcpu=cortex-m0 -mthumb)
C_MPS2=(thumbv7em-none-eabihf -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16)
# A link finds out whatever the others would: the rest is built by `--long`.
C_TARGETS=(thumbv6m-none-eabi)
[ -z "$long" ] || C_TARGETS+=(thumbv7em-none-eabihf thumbv7m-none-eabi thumbv7em-none-eabi thumbv8m.main-none-eabi
    thumbv8m.main-none-eabihf riscv32imac-unknown-none-elf)
mkdir -p "$C_WORK"

# c_build TARGET|host FEATURES: the static library, where c_archive says.
c_build() {
    local arguments=(rustc --quiet --manifest-path "$C/Cargo.toml" --crate-type staticlib --profile archive --features "$2"
        --target-dir "$(c_directory "$2")")
    [ "$1" = host ] || arguments+=(--target "$1")
    cargo "${arguments[@]}"
}

# Apart for a feature that only a test has.
c_directory() {
    local target=${CARGO_TARGET_DIR:-$root/target}
    case $1 in *negative*) echo "$target/c-negative" ;; *) echo "$target" ;; esac
}

# c_archive TARGET|host [FEATURES]: the path of the library.
c_archive() {
    local folder
    folder=$(c_directory "${2-panic-handler}")
    [ "$1" = host ] || folder=$folder/$1
    echo "$folder/archive/libsegmeter_c.a"
}

# c_symbols TARGET|host [FEATURES]: no function that only a panic calls, and nothing that is not defined in the archive but
# functions of memory.
c_symbols() {
    local archive symbols undefined
    archive=$(c_archive "$@")
    # By readelf: nm takes the compiler's own objects for those of another linker.
    symbols=$(readelf --wide --symbols "$archive" 2>/dev/null |
        awk '$5 ~ /GLOBAL|WEAK/ { print $5, $7, $8 }' | sort -u) || return
    [ "$(grep -c ' sgm_' <<<"$symbols")" -gt 30 ] || { echo "no interface in $archive"; return 1; }
    ! readelf --wide --symbols "$archive" 2>/dev/null | grep -E '4core9panicking|panic_fmt|begin_unwind' ||
        { echo "it can panic"; return 1; }
    undefined=$(comm -23 <(awk '$2 == "UND" { print $3 }' <<<"$symbols" | sort -u) \
        <(awk '$2 != "UND" { print $3 }' <<<"$symbols" | sort -u) |
        grep -vE '^(mem(cpy|move|set|cmp)|bcmp|__aeabi_mem(cpy|move|set|clr)[48]?|)$')
    # Named by objects of the compiler that no program links.
    undefined=$(grep -vE '^(DW\.ref\.|_GLOBAL_OFFSET_TABLE_)' <<<"$undefined")
    [ -z "$undefined" ] || { echo "not defined: $undefined"; return 1; }
}

c_negative() {
    c_build host panic-handler,negative-control && ! c_symbols host panic-handler,negative-control && grep -q "it can panic" "$log"
}

# The header in every language that includes it, and in both orders with others.
c_header() {
    local standard
    for standard in c99 c11 c17; do
        printf '#include <segmeter.h>\n#include <stdio.h>\nint x = (int)sizeof(sgm_monitor);\n' |
            gcc -std=$standard "${C_STRICT[@]}" -fsyntax-only -x c - || return
    done
    for standard in c++11 c++20; do
        printf '#include <segmeter.h>\nsgm_table table; static_assert(alignof(sgm_table) == SGM_ALIGNMENT, "");\n' |
            g++ -std=$standard "${C_STRICT[@]}" -fsyntax-only -x c++ - || return
    done
}

# What the boards are to print, by core alone.
c_expected() {
    cargo run --quiet --release --manifest-path "$C/Cargo.toml" --example expected "$C_WORK" &&
        cargo run --quiet --release --manifest-path "$C/Cargo.toml" --example expected_classes "$C_WORK" &&
        ln -sf "$root"/tests/data/demo/{road_i8,reference_bits}.bin "$C_WORK"
}

# c_same NAME EXPECTED LAST COMMAND...: what a program prints is what is expected, lines of figures apart, up to the line that
# begins with LAST.
c_same() {
    local name=$1 expected=$C_WORK/$2 last=$3
    shift 3
    (cd "$C_WORK" && "$@" >"$name.txt") || return
    grep '^#' "$C_WORK/$name.txt"
    diff <(grep -v '^#' "$C_WORK/$name.txt") "$expected" | cut -c 1-200 | head -n 6
    grep -v '^#' "$C_WORK/$name.txt" | cmp - "$expected" && grep -q "^$last " "$C_WORK/$name.txt"
}

# The same programs here, checked, then hostile arguments, checked and under valgrind, which sees what the library itself reads.
c_host() {
    local archive hostile=("$C"/tests/host/{hostile,monitor,classes}.c)
    archive=$(c_archive host)
    local checked=(gcc -std=c11 -g -O1 "${C_STRICT[@]}" -fsanitize=address,undefined -fno-sanitize-recover=all)
    "${checked[@]}" -Wa,-I"$C_WORK" "$C"/examples/board/{demo.c,host.c,profile.S} "$archive" -o "$C_WORK/demo" &&
        "${checked[@]}" "$C"/examples/board/{classes,host}.c "$archive" -o "$C_WORK/classes" &&
        "${checked[@]}" "${hostile[@]}" "$archive" -o "$C_WORK/checked" &&
        gcc -std=c11 -g -O1 "${C_STRICT[@]}" "${hostile[@]}" "$archive" -o "$C_WORK/plain" &&
        c_same host expected.txt "frame dc" ./demo && c_same host-classes classes.expected "classes 0b" ./classes &&
        (cd "$C_WORK" && ./checked) || return
    if command -v valgrind >/dev/null; then
        (cd "$C_WORK" && valgrind --quiet --error-exitcode=1 ./plain)
    fi
}

# Programs in C++, here.
c_plus_plus() {
    local program
    gcc -std=c99 "${C_STRICT[@]}" -c "$C/examples/board/host.c" -o "$C_WORK/host.o" || return
    for program in tflite tflite_classes; do
        g++ -std=c++11 -O1 "${C_STRICT[@]}" -fsanitize=address,undefined "$C/examples/$program.cpp" "$C_WORK/host.o" \
            "$(c_archive host)" -o "$C_WORK/$program" && "$C_WORK/$program" | diff - "$C_WORK/$program.expected" || return
    done
}

# c_image BOARD OUTPUT TARGET FLAGS... -- SOURCES...
c_image() {
    local board=$1 output=$2 archive flags=()
    archive=$(c_archive "$3")
    shift 3
    while [ "$1" != -- ]; do
        flags+=("$1")
        shift
    done
    shift
    arm-none-eabi-gcc "${flags[@]}" "${C_STRICT[@]}" "${C_IMAGE[@]}" -T"$C/examples/board/$board/memory.ld" \
        "$C"/examples/board/{startup.c,semihosting.c} "$@" "$archive" -o "$C_WORK/$output"
}

c_run() {
    timeout 120 qemu-system-arm -M "$1" -display none -monitor none -serial null -chardev stdio,id=out \
        -semihosting-config enable=on,target=native,chardev=out -kernel "$C_WORK/$2"
}

# c_board BOARD MACHINE TARGET FLAGS...
c_board() {
    local board=$1 machine=$2
    shift 2
    c_image "$board" "$board.elf" "$@" -- -std=c99 "$C"/examples/board/{demo.c,profile.S} &&
        c_image "$board" "$board-classes.elf" "$@" -- -std=c99 "$C/examples/board/classes.c" &&
        arm-none-eabi-size "$C_WORK/$board.elf" "$C_WORK/$board-classes.elf" &&
        c_same "$board" expected.txt "frame dc" c_run "$machine" "$board.elf" &&
        c_same "$board-classes" classes.expected "classes 0b" c_run "$machine" "$board-classes.elf"
}

# The programs in C++ on the board with a floating point unit.
c_board_plus_plus() {
    local flags=("${C_MPS2[@]:1}") program
    for program in tflite tflite_classes; do
        arm-none-eabi-g++ "${flags[@]}" -std=c++11 -fno-exceptions -fno-rtti -Os "${C_STRICT[@]}" \
            -c "$C/examples/$program.cpp" -o "$C_WORK/$program.o" &&
            c_image mps2 "$program.elf" "${C_MPS2[@]}" -- "$C_WORK/$program.o" &&
            c_run mps2-an386 "$program.elf" | diff - "$C_WORK/$program.expected" || return
    done
}

# Two archives of Rust in one image: the second is the same code under another name, with a panic handler of its own.
c_two() {
    local folder=$C_WORK/two
    rm -rf "$folder" && mkdir -p "$folder" || return
    cat >"$folder/other.rs" <<'RUST'
#![no_std]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
#[unsafe(no_mangle)]
pub extern "C" fn other(values: &[u32; 4], place: usize) -> u32 {
    values[place]
}
RUST
    cat >"$folder/main.c" <<'C'
#include <segmeter.h>
uint32_t other(const uint32_t *, size_t);
int main(void) {
    const uint32_t values[] = {1, 2, 3, 4};
    return other(values, 3) == 4 && sgm_abi_version() == SGM_ABI_VERSION && sgm_count(SGM_LOSSES) > 50 ? 0 : 1;
}
C
    rustc --edition 2024 -C panic=abort -O --crate-type staticlib "$folder/other.rs" -o "$folder/libother.a" || return
    local link=(gcc "${C_STRICT[@]}" -Wl,--gc-sections "$folder/main.c" -o "$folder/one")
    "${link[@]}" "$(c_archive host)" "$folder/libother.a" && "$folder/one" &&
        "${link[@]}" "$folder/libother.a" "$(c_archive host)" && "$folder/one"
}

# The package: as part of a project, installed, and what is left out.
c_cmake() {
    local folder=$C_WORK/cmake options=()
    rm -rf "$folder" && mkdir -p "$folder/user" || return
    [ -n "$long" ] || options=(-DSEGMETER_ARCHIVE="$(c_archive host)")
    cmake -S "$C" -B "$folder/build" -DSEGMETER_EXAMPLES=ON "${options[@]}" && cmake --build "$folder/build" &&
        "$folder/build/first" | grep -x 'cross-entropy 0.3852891 (done)' &&
        cmake --install "$folder/build" --prefix "$folder/installed" || return
    cat >"$folder/user/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.16)
project(user LANGUAGES C)
if(PART)
  include(FetchContent)
  FetchContent_Declare(segmeter SOURCE_DIR ${PART})
  FetchContent_MakeAvailable(segmeter)
else()
  find_package(segmeter 0.1 REQUIRED)
endif()
add_executable(user ${FIRST})
target_link_libraries(user PRIVATE segmeter::segmeter)
CMAKE
    local part
    for part in "" "$C"; do
        cmake --no-warn-unused-cli -S "$folder/user" -B "$folder/used$((${#part} > 0))" -DFIRST="$C/examples/first.c" \
            -DPART="$part" -DCMAKE_PREFIX_PATH="$folder/installed" -DSEGMETER_ARCHIVE="$(c_archive host)" &&
            cmake --build "$folder/used$((${#part} > 0))" && "$folder/used$((${#part} > 0))/user" || return
    done
    # Targets are found out, or asked for.
    local core
    for core in cortex-m0:thumbv6m-none-eabi cortex-m4:thumbv7em-none-eabi cortex-m33:thumbv8m.main-none-eabi; do
        printf '%s\n' "include($C/cmake/archive.cmake)" 'set(CMAKE_CROSSCOMPILING ON)' \
            "set(CMAKE_C_FLAGS \"-mcpu=${core%%:*} -mthumb\")" 'segmeter_target(found)' 'message("is ${found}.")' \
            >"$folder/target.cmake"
        cmake -P "$folder/target.cmake" 2>&1 | grep -F "is ${core##*:}." || return
    done
    ! cmake -S "$C" -B "$folder/none" -DSEGMETER_ARCHIVE=/none.a >/dev/null 2>&1
}

# What Zephyr and ESP-IDF look for is where they look; neither is here to build with.
c_layout() {
    grep -q '^name: segmeter$' "$C/zephyr/module.yml" && grep -q 'cmake: zephyr$' "$C/zephyr/module.yml" &&
        [ -f "$C/zephyr/CMakeLists.txt" ] && grep -q '^config SEGMETER$' "$C/zephyr/Kconfig" &&
        grep -q 'idf_component_register(INCLUDE_DIRS include)' "$C/CMakeLists.txt" && [ -f "$C/idf_component.yml" ] &&
        grep -q "^version: \"$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)\"$" "$C/idf_component.yml" &&
        grep -q "VERSION $(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1) " "$C/CMakeLists.txt"
}

# The commands of the README, as they stand there.
c_readme() {
    local commands
    commands=$(sed -n '/^```sh$/,/^```$/{/^```/d;p}' "$C/README.md" | sed '/^$/q')
    commands=${commands//target\//${CARGO_TARGET_DIR:-$root/target}\/}
    # What they leave lies where all tests leave theirs.
    commands=${commands//-o first/-o $C_WORK/first}
    (cd "$root" && bash -e -c "${commands//.\/first/$C_WORK/first}") | grep -x 'cross-entropy 0.3852891 (done)' || return
    # The programs in the README are those that are built, and print what it says.
    diff <(sed -n '/^```c$/,/^```$/{/^```/d;p}' "$C/README.md") <(cat "$C/examples/first.c" "$C/examples/classes.c") &&
        gcc -std=c99 "${C_STRICT[@]}" "$C/examples/classes.c" "$(c_archive host)" -o "$C_WORK/readme" &&
        diff <("$C_WORK/readme") <(sed -n '/^```text$/,/^```$/{/^```/d;p}' "$C/README.md" | grep -B 8 '^mean IoU')
}

if { command -v gcc && command -v g++ && command -v readelf; } >/dev/null || setup_apt gcc g++ libc6-dev binutils; then
    check "C: the library for this machine" c_build host panic-handler
    check "C: header in C and C++" c_header
    check "C: symbols of the library for this machine" c_symbols host
    [ -z "$long" ] || check "C: a library that can panic is found" c_negative
    check "C: what is expected, by core" c_expected
    check "C: demos and hostile arguments, under AddressSanitizer" c_host
    check "C++: tensors" c_plus_plus
    check "C: beside another library in Rust" c_two
    check "C: README" c_readme
    check "C: layout for Zephyr and ESP-IDF" c_layout
    if command -v cmake >/dev/null || setup_apt cmake make; then check "C: CMake" c_cmake; else skip "C: CMake"; fi
else
    skip "C: everything on this machine"
fi
for target in "${C_TARGETS[@]}"; do
    if setup_add_target "$target"; then
        check "C: the library for $target" c_build "$target" panic-handler
        check "C: symbols of the library for $target" c_symbols "$target"
    else
        skip "C: the library for $target (rustup has it not here)"
    fi
done
if command -v arm-none-eabi-gcc >/dev/null || setup_apt gcc-arm-none-eabi libnewlib-arm-none-eabi; then
    if [ -f "$(c_archive "${C_MICROBIT[0]}")" ] && ensure_qemu; then
        check "C: the demos on a Cortex-M0 with 16 KiB" c_board microbit microbit "${C_MICROBIT[@]}"
        if [ -n "$long" ] && [ -f "$(c_archive "${C_MPS2[0]}")" ]; then
            check "C: the demos on a Cortex-M4F" c_board mps2 mps2-an386 "${C_MPS2[@]}"
            check "C++: tensors on a Cortex-M4F" c_board_plus_plus
        fi
    else
        skip "C: boards in QEMU"
    fi
else
    skip "C: images for boards"
fi
