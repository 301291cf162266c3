//! Text from outside (names of files and classes, arguments) on its way to people: it says what it is and does nothing else.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Whether a character moves or hides other text instead of being seen: C0, C1, and what turns or breaks lines.
fn is_hidden(c: char) -> bool {
    let turns =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Text without characters that control a terminal or turn the direction of writing: they are shown as `\x1b` or `\u{202e}`.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, is_hidden)
}

/// A page of HTML, of which the lines are its own.
pub(crate) fn page(html: &str) -> Cow<'_, str> {
    escaped(html, |c| is_hidden(c) && c != '\n')
}

/// Text as a cell of CSV: no program takes it for a formula.
pub(crate) fn cell(text: &str) -> String {
    let text = printable(text);
    let is_number = text.parse::<f64>().is_ok_and(f64::is_finite);
    let is_formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if is_formula && !is_number { format!("'{text}") } else { text.into_owned() }
}

fn escaped(text: &str, is_hidden: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let code = u32::from(c);
        let _ = match c {
            c if !is_hidden(c) => shown.write_char(c),
            _ if code < 0x100 => write!(shown, "\\x{code:02x}"),
            _ => write!(shown, "\\u{{{code:x}}}"),
        };
    }
    Cow::Owned(shown)
}

/// Takes JSON on its way out: hidden characters, which stand in strings only, become the escapes of JSON.
pub(crate) struct Json<W>(pub(crate) W);

impl<W: Write> Write for Json<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Line breaks of a document are its own; those in strings have escapes already.
        let is_hidden = |c: char| c == '\x7f' || (!c.is_ascii_control() && is_hidden(c));
        // The serialiser never cuts a character.
        let text = str::from_utf8(bytes).map_err(io::Error::other)?;
        for part in text.split_inclusive(is_hidden) {
            match part.char_indices().next_back().filter(|(_, c)| is_hidden(*c)) {
                Some((place, c)) => write!(self.0, "{}\\u{:04x}", &part[..place], u32::from(c))?,
                None => self.0.write_all(part.as_bytes())?,
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_controls_is_shown() {
        let text = "a\x1b[31m\u{9b}\u{7f}\n\u{202e}\u{2066}ä";
        assert_eq!(printable(text), r"a\x1b[31m\x9b\x7f\x0a\u{202e}\u{2066}ä");
        assert_eq!(page(text), "a\\x1b[31m\\x9b\\x7f\n\\u{202e}\\u{2066}ä");
        assert_eq!(printable("plain ä"), "plain ä");
    }

    #[test]
    fn no_cell_is_a_formula() {
        for text in ["=1+1", "+x", "-x", "@SUM(A1)", " =1", "-inf", "＝1"] {
            assert_eq!(cell(text), format!("'{text}"));
        }
        for text in ["road", "a=b", "-1", "+2.5", "7", ""] {
            assert_eq!(cell(text), text);
        }
        assert_eq!([cell("\t=1"), cell("\r=1")], [r"\x09=1", r"\x0d=1"]);
    }

    #[test]
    fn json_stays_what_it_is() {
        let text = "\u{9b}a\u{7f}\u{202e}\n\x1b\u{2028}ä";
        let mut bytes = Vec::new();
        serde_json::to_writer(Json(&mut bytes), &[text]).unwrap();
        let json = String::from_utf8(bytes).unwrap();
        assert_eq!(json, r#"["\u009ba\u007f\u202e\n\u001b\u2028ä"]"#);
        assert_eq!(serde_json::from_str::<[String; 1]>(&json).unwrap(), [text]);
    }
}
