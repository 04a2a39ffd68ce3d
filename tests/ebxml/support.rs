//! What the tests share: a message's payload, the corpus, the schemas.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use dmpkit::dmp::protocol::ebxml::names::{LCM, QUERY, RS, XDSB};
use dmpkit::dmp::protocol::xml::{Element, Event, Limits, Reader, XmlError};

/// The reader of a text, just after the start of its payload: its first element of a namespace of XDS.b.
pub fn payload(xml: &str) -> Result<(Reader<&[u8]>, Element), XmlError> {
    let mut reader = Reader::new(xml.as_bytes(), Limits::default());
    loop {
        match reader.next()? {
            Event::Start(e) if [RS, LCM, QUERY, XDSB].contains(&e.namespace.as_str()) => {
                return Ok((reader, e));
            }
            Event::Eof => return Err(XmlError::Unexpected("no payload")),
            _ => {}
        }
    }
}

/// A file of the corpus; `None`, with a word, when there is no corpus. Of a multipart message, its envelope.
pub fn corpus(name: &str) -> Option<String> {
    let Some(folder) = std::env::var_os("DMPKIT_CORPUS") else {
        println!("skipped: DMPKIT_CORPUS is not set");
        return None;
    };
    let path = PathBuf::from(folder).join(name);
    let text = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let text = String::from_utf8_lossy(&text).into_owned();
    if text.starts_with('<') || text.starts_with('\u{FEFF}') || !text.contains("Envelope") {
        return Some(text);
    }
    let from = text
        .find("<soap:Envelope")
        .or_else(|| text.find("<soapenv:Envelope"));
    let to = text.find(":Envelope>").map(|at| at + ":Envelope>".len());
    Some(match from.zip(to) {
        Some((from, to)) => text[from..to].to_owned(),
        None => text,
    })
}

/// Validates payloads against the schemas of XDS.b, when they are there.
pub fn validate(messages: &[(&str, &str)]) {
    let Some(folder) = std::env::var_os("DMPKIT_SCHEMAS").map(PathBuf::from) else {
        println!("skipped: DMPKIT_SCHEMAS is not set");
        return;
    };
    let place = tempfile::tempdir().unwrap();
    for (name, xml) in messages {
        let schema = if xml.contains(XDSB) {
            "xds/IHE/XDS.b_DocumentRepository.xsd"
        } else if xml.contains("AdhocQuery") {
            "xds/ebRS/query.xsd"
        } else if xml.contains("SubmitObjectsRequest") {
            "xds/ebRS/lcm.xsd"
        } else {
            "xds/ebRS/rs.xsd"
        };
        let file = place.path().join(format!("{name}.xml"));
        // The schema wants bytes where XOP has an element that stands for them.
        std::fs::write(&file, without_includes(xml)).unwrap();
        let output = Command::new("xmllint")
            .args(["--noout", "--huge", "--nonet", "--schema"])
            .arg(folder.join(schema))
            .arg(&file)
            .output()
            .expect("xmllint (libxml2-utils) runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{name}: {said}");
    }
}

fn without_includes(xml: &str) -> String {
    let mut out = String::new();
    let mut rest = xml;
    while let Some((before, after)) = rest.split_once("<xop:Include ") {
        out.push_str(before);
        out.push_str("AA==");
        rest = after.split_once("</xop:Include>").expect("its end").1;
    }
    out.push_str(rest);
    out
}

/// One line per element of a payload: depth, name, attributes by name, text of a leaf.
pub fn outline(xml: &str) -> Vec<String> {
    let (mut reader, root) = payload(xml).unwrap();
    let mut lines = vec![line(0, &root)];
    let mut depth = 1;
    let mut text = String::new();
    loop {
        match reader.next().unwrap() {
            Event::Start(element) => {
                lines.push(line(depth, &element));
                depth += 1;
                text.clear();
            }
            Event::Text(piece) => text.push_str(&piece),
            Event::End => {
                if !text.trim().is_empty() {
                    lines
                        .last_mut()
                        .unwrap()
                        .push_str(&format!(" = {}", text.trim()));
                }
                text.clear();
                depth -= 1;
                if depth == 0 {
                    return lines;
                }
            }
            Event::Eof => panic!("the payload does not end"),
        }
    }
}

fn line(depth: usize, element: &Element) -> String {
    let attributes: BTreeMap<&str, &str> = element
        .attributes
        .iter()
        .map(|(_, name, value)| (name.as_str(), value.as_str()))
        .collect();
    let namespace = element.namespace.rsplit(':').nth(1).unwrap_or("");
    format!("{depth} {namespace} {} {attributes:?}", element.name)
}

/// How many slots, values, classifications and external identifiers a text has.
pub fn counts(xml: &str) -> [usize; 4] {
    ["Slot ", "Value>", "Classification ", "ExternalIdentifier "].map(|part| {
        xml.match_indices(part)
            .filter(|(at, _)| {
                let before = &xml[..*at];
                let open = before.rfind('<').unwrap();
                !before[open..].starts_with("</") && !before[open + 1..].contains([' ', '>'])
            })
            .count()
    })
}
