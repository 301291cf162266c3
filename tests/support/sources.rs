//! Reading Rust as text: which functions are public, which are called.

/// A public function, as a line of its source shows it.
pub struct Function {
    /// The type whose method it is; empty if there is none.
    pub of: String,
    /// What it is called.
    pub name: String,
    /// Whether it makes a value of its type: whoever does not name the type cannot have called it.
    pub makes: bool,
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The public functions of a source.
#[must_use]
pub fn functions(source: &str) -> Vec<Function> {
    let (mut found, mut of) = (Vec::new(), String::new());
    for line in source.lines() {
        if let Some(rest) = line.strip_prefix("impl") {
            let owner = rest.rsplit_once(" for ").map_or(rest, |(_, owner)| owner).trim_start();
            // `impl<const C: usize> Confusion<C> {`
            let owner =
                if owner.starts_with('<') { owner.split_once("> ").map_or("", |(_, of)| of) } else { owner };
            of = owner.chars().take_while(|c| is_part(*c)).collect();
        } else if line == "}" {
            of.clear();
        }
        let line = line.trim_start();
        let Some(rest) = ["pub fn ", "pub const fn "].iter().find_map(|s| line.strip_prefix(s)) else {
            continue;
        };
        let name = rest.chars().take_while(|c| is_part(*c)).collect();
        let makes = ["-> Self", "-> Result<Self>"].iter().any(|made| line.contains(made));
        found.push(Function { of: of.clone(), name, makes });
    }
    found
}

/// What stands before and behind each place of a text that has this word.
fn places<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let sides = text.match_indices(word).map(|(at, _)| (&text[..at], &text[at + word.len()..]));
    sides.filter(|(before, after)| !before.ends_with(is_part) && !after.starts_with(is_part))
}

/// Whether a text of Rust has this word.
#[must_use]
pub fn names(text: &str, word: &str) -> bool {
    places(text, word).next().is_some()
}

/// Whether a text of Rust calls a function or passes it on: a word alone may be anything.
#[must_use]
pub fn calls(text: &str, function: &str) -> bool {
    places(text, function)
        .any(|(before, after)| before.ends_with("::") || after.starts_with('(') || after.starts_with("::<"))
}
