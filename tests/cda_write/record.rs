//! The published schema of the context, and what is read as one.

use std::path::Path;

use dmpkit::cda::Context;
use jsonschema::{Registry, Validator};
use serde_json::{Value, json};

use crate::combinations::{case, rows};
use crate::sample::{FILES, least, with, written};

const BASE: &str = "https://dmpkit.invalid/";

fn schema(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/schema");
    let text = std::fs::read_to_string(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn validator() -> Validator {
    // The definitions that records share name the refusal's record.
    let names = [
        "common.schema.json",
        "refusal.schema.json",
        "wrap-context.schema.json",
    ];
    let documents = names.map(|name| (format!("{BASE}{name}"), schema(name)));
    let registry: Registry<'static> = Registry::new()
        .extend(documents)
        .and_then(|builder| builder.prepare())
        .expect("the schemas are resources");
    jsonschema::options()
        .with_registry(&registry)
        .with_base_uri(BASE)
        .offline()
        .build(&json!({"$ref": "wrap-context.schema.json"}))
        .expect("a schema")
}

#[test]
fn what_is_written_fits_the_published_schema() {
    let validator = validator();
    for row in 0..rows() {
        let (value, _) = case(row);
        let fault = validator.iter_errors(&value).next().map(|e| e.to_string());
        assert_eq!(fault, None, "{row}");
        // What is read and given back says the same.
        let context: Context = serde_json::from_value(value.clone()).expect("a context");
        let back = serde_json::to_value(&context).expect("a record");
        assert!(validator.is_valid(&back), "{row}");
        let again: Context = serde_json::from_value(back).expect("a context");
        assert!(again == context, "{row}");
    }
}

#[test]
fn the_examples_of_the_schema_become_documents() {
    let schema = schema("wrap-context.schema.json");
    let examples = schema["examples"].as_array().expect("examples");
    // What an example leaves to a connector or to a session is filled in.
    let whole = examples
        .iter()
        .filter(|e| e.get("softwareOid").is_some() && e.get("patient").is_some());
    let mut count = 0;
    for example in whole.filter(|e| e.get("authors").is_some()) {
        let (pdf, _) = FILES[0];
        assert!(!written(pdf, example).bytes.is_empty());
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn what_the_schema_closes_is_not_read() {
    let validator = validator();
    for (pointer, value) in [
        ("/x", json!(1)),
        ("/patient/x", json!(1)),
        ("/patient/ins/x", json!(1)),
        ("/patient/traits/x", json!(1)),
        ("/authors/0/x", json!(1)),
        ("/authors/0/who", json!("nurse")),
        ("/authors/0/who", json!({"patient": {}, "device": {}})),
        ("/authors/0/who/professional/person/id", json!("12")),
        ("/structure/id", json!("1^2")),
        ("/type/code", Value::Null),
        ("/confidentiality", json!("U")),
        ("/service/start", json!(20260112)),
        ("/participants", json!([{"type": "AUT", "person": {}}])),
        (
            "/informants",
            json!([{"relative": {"class": "GUARD", "family": "M"}}]),
        ),
        ("/uniqueId", json!("1.02")),
        ("/versionNumber", json!(-1)),
        ("/versionNumber", json!(4294967296u64)),
        ("/authors", json!({})),
    ] {
        let changed = with(least(), &[(pointer, value.clone())]);
        assert!(!validator.is_valid(&changed), "{pointer} {value}");
        let read = serde_json::from_value::<Context>(changed);
        assert!(read.is_err(), "{pointer} {value}");
    }
}
