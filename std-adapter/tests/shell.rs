//! `segmeter completions` and `segmeter man`: every subcommand and flag is there, and shells take the scripts.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use support::Bench;

mod support;

const COMMANDS: [&str; 11] =
    ["list", "loss", "eval", "merge", "agree", "profile", "watch", "device", "bench", "completions", "man"];

/// The long flags that the help of a subcommand names at the beginning of a line.
fn flags(bench: &Bench, command: &str) -> BTreeSet<String> {
    let help = bench.stdout(&format!("{command} --help"), 0);
    let begins = |line: &str| {
        let line = line.trim_start();
        let line = line.split_once(", ").filter(|(short, _)| short.len() == 2).map_or(line, |(_, long)| long);
        let name: String =
            line.strip_prefix("--")?.chars().take_while(|c| c.is_alphanumeric() || *c == '-').collect();
        Some(format!("--{name}"))
    };
    help.lines().filter_map(begins).collect()
}

#[test]
fn completions_name_everything() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = bench.stdout(&format!("completions {shell}"), 0);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell} {command}");
            for flag in flags(&bench, command) {
                // Fish names long flags without their hyphens.
                let name = if shell == "fish" { flag.trim_start_matches('-').to_owned() } else { flag };
                assert!(script.contains(&name), "{shell} {command} {name}");
            }
        }
        let program = if shell == "powershell" { "pwsh" } else { shell };
        let file = bench.file("script", script.as_bytes());
        // Not every machine has every shell; bash is everywhere where tests run.
        let checked = Command::new(program).arg("-n").arg(&file).stderr(Stdio::null()).status();
        match checked {
            Ok(status) if ["bash", "zsh", "fish"].contains(&shell) => assert!(status.success(), "{shell}"),
            Err(error) if shell == "bash" => panic!("{error}"),
            _ => {}
        }
    }
    let line = bench.refusal("completions tcsh");
    assert!(line.contains("bash") && line.contains("tcsh"), "{line}");
}

/// The script in use: what bash offers behind words.
#[test]
fn bash_completes() {
    let bench = Bench::new();
    let script = bench.file("script", bench.stdout("completions bash", 0).as_bytes());
    let offered = |words: &str| -> Vec<String> {
        let last = words.split_whitespace().count() - 1;
        let line = format!(
            "source '{}'; COMP_WORDS=({words}); COMP_CWORD={last}; _segmeter segmeter \"${{COMP_WORDS[{last}]}}\" \
             \"${{COMP_WORDS[{}]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            script.display(),
            last - 1
        );
        let output = Command::new("bash").args(["-c", &line]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(offered("segmeter agr"), ["agree"]);
    assert_eq!(offered("segmeter eval --req"), ["--require"]);
    assert_eq!(offered("segmeter agree --host-lay"), ["--host-layout"]);
    assert!(offered("segmeter agree --layout h").contains(&"hwc".to_owned()));
}

#[test]
fn manuals_name_everything() {
    let bench = Bench::new();
    let page = bench.stdout("man", 0);
    assert!(page.contains(".TH segmeter 1"), "{page}");
    for command in COMMANDS {
        assert!(page.contains(&format!("segmeter\\-{command}(1)")), "{command}: {page}");
        let page = bench.stdout(&format!("man {command}"), 0);
        assert!(page.contains(&format!(".TH segmeter-{command} 1")), "{command}: {page}");
        for flag in flags(&bench, command) {
            assert!(page.contains(&flag.replace('-', "\\-")), "{command} {flag}");
        }
    }
    assert!(bench.refusal("man evla").contains("did you mean eval?"));
    // Where a formatter is, it has nothing to complain of.
    let file = bench.file("page", bench.stdout("man eval", 0).as_bytes());
    if let Ok(output) = Command::new("groff").args(["-man", "-Tutf8", "-ww", "-z"]).arg(&file).output() {
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
