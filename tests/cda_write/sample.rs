//! Files and contexts to start from.

use dmpkit::Error;
use dmpkit::cda::{Context, Written, wrap};
use dmpkit::terminology::Terminology;
use serde_json::{Value, json};

pub static TERMS: Terminology = Terminology::embedded();

/// A PDF that claims PDF/A-1.
pub const PDF: &[u8] = b"%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\n2 0 obj << /Type /Metadata >>\nstream\n\
    <rdf:Description pdfaid:part=\"1\" pdfaid:conformance=\"B\"/>\nendstream endobj\ntrailer << >>\n%%EOF\n";

/// One file of each format, and the media type it is written under.
pub const FILES: [(&[u8], &str); 5] = [
    (PDF, "application/pdf"),
    (
        "Tension normale, œdème résolu.\r\n🩺 & <fin>\n".as_bytes(),
        "text/plain",
    ),
    (b"{\\rtf1\\ansi Tension normale.}", "text/rtf"),
    (
        b"\xFF\xD8\xFF\xDA\0\x02\x01\x02\xFF\0\x03\xFF\xD9",
        "image/jpeg",
    ),
    (b"II*\0\x08\0\0\0\x01\0............\0\0\0\0", "image/tiff"),
];

/// The least a context may say.
pub fn least() -> Value {
    json!({
        "softwareOid": "1.2.250.1.999.1",
        "patient": {
            "ins": {"matricule": "279035121518989", "oid": "1.2.250.1.213.1.4.10"},
            "traits": {
                "birthName": "TESSIER", "givenNames": ["CAMILLE", "ANNE LOUISE"],
                "birthDate": "19790315", "sex": "F", "birthPlace": "51215"
            }
        },
        "authors": [{"who": {"professional": professional()}}],
        "structure": {"id": "499900987654001", "name": "Cabinet médical des Noisetiers", "sector": "SA07"},
        "type": {"code": "11488-4"},
        "effectiveTime": "2026-01-12T10:05:30+01:00",
        "service": {"start": "2026-01-12T09:30:00+01:00"},
        "practiceSetting": {"code": "AMBULATOIRE"}
    })
}

pub fn professional() -> Value {
    json!({"person": {
        "id": "899900987654", "family": "BASTIDE", "given": "Hélène",
        "profession": "10", "specialty": "SM26"
    }})
}

pub fn device() -> Value {
    json!({"device": {"id": "3750100125/9762", "model": "waralab1000", "software": "Automate de laboratoire"}})
}

/// A context with other values at some JSON pointers; null takes the field away.
pub fn with(mut context: Value, changes: &[(&str, Value)]) -> Value {
    for (pointer, value) in changes {
        let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
        let parent = context
            .pointer_mut(parent)
            .unwrap_or_else(|| panic!("{pointer}: the sample has changed"));
        match parent {
            Value::Object(fields) if value.is_null() => {
                fields.remove(field);
            }
            Value::Object(fields) => {
                fields.insert(field.to_owned(), value.clone());
            }
            Value::Array(items) => items[field.parse::<usize>().expect("an index")] = value.clone(),
            _ => panic!("{pointer}: not a field"),
        }
    }
    context
}

pub fn context(value: &Value) -> Context {
    serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("{e}: {value}"))
}

pub fn written(file: &[u8], value: &Value) -> Written {
    wrap(file, &context(value), &TERMS).unwrap_or_else(|e| panic!("{:?}: {value}", told(&e)))
}

/// The rules that an error names, each with its path.
pub fn told(error: &Error) -> Vec<(&'static str, String)> {
    let refusal = error
        .refusal()
        .unwrap_or_else(|| panic!("{error}: no refusal"));
    let told = refusal.findings.iter();
    told.map(|f| (f.rule.id, f.path.clone().into_owned()))
        .collect()
}
