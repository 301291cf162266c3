//! Requirements as JUnit XML, which build servers show.

use std::io::{self, Write};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::Checked;
use crate::text::printable;

/// Writes a test case for each requirement. What XML has no place for, such as control characters, is shown as text.
pub(super) fn write(out: &mut dyn Write, suite: &str, all: &[Checked]) -> io::Result<()> {
    let mut writer = Writer::new_with_indent(out, b' ', 2);
    let (tests, failed) = (all.len(), all.iter().filter(|checked| !checked.holds).count());
    let [tests, failed] = [tests, failed].map(|count| count.to_string());
    let counts = [("tests", tests.as_str()), ("failures", &failed), ("errors", "0")];
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer.create_element("testsuites").with_attributes(counts).write_inner_content(|writer| {
        let element = writer.create_element("testsuite").with_attribute(("name", suite));
        let element = element.with_attributes(counts).with_attribute(("skipped", "0"));
        element
            .write_inner_content(|writer| all.iter().try_for_each(|checked| case(writer, suite, checked)))?;
        Ok(())
    })?;
    writer.into_inner().write_all(b"\n")
}

fn case(writer: &mut Writer<&mut dyn Write>, suite: &str, checked: &Checked) -> io::Result<()> {
    let name = text(&checked.text);
    let class = suite.replace(' ', ".");
    let element = writer.create_element("testcase");
    let element = element.with_attributes([("classname", class.as_str()), ("name", &name)]);
    let found = text(&format!("{} is {}", checked.key, checked.value()));
    if checked.holds {
        element.write_inner_content(|writer| {
            writer.create_element("system-out").write_text_content(BytesText::new(&found))?;
            Ok(())
        })?;
    } else {
        element.write_inner_content(|writer| {
            let failure = writer.create_element("failure").with_attribute(("type", "requirement"));
            let line = text(&format!("{found}, required {} {}", checked.comparison, checked.bound));
            failure.with_attribute(("message", line.as_str())).write_text_content(BytesText::new(&line))?;
            Ok(())
        })?;
    }
    Ok(())
}

/// Text of characters that XML has: two that are none are neither controls nor letters.
fn text(text: &str) -> String {
    printable(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
