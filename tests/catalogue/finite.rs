//! No finite input gives NaN: a fixed number of frames that are made up like those of `fuzz/fuzz_targets/losses.rs`.

use std::collections::BTreeMap;

use super::frames;

#[test]
fn no_finite_input_gives_nan() {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    let mut wrong = BTreeMap::<String, (u32, String)>::new();
    for _ in 0..100_000 {
        let bytes: Vec<u8> = (0..400).map(|_| byte()).collect();
        if let Err(text) = frames::check(&bytes) {
            let name = text.split(' ').next().unwrap_or_default().to_owned();
            let entry = wrong.entry(name).or_insert((0, text.clone()));
            entry.0 += 1;
            if text.len() < entry.1.len() {
                entry.1 = text;
            }
        }
    }
    let lines: Vec<String> =
        wrong.values().map(|(count, text)| format!("{count} frames, such as {text}")).collect();
    assert!(wrong.is_empty(), "{} losses:\n{}", wrong.len(), lines.join("\n"));
}
