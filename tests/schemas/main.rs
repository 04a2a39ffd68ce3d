//! The published schemas and the library say the same: files and header name the same records, what the
//! library gives is described, what it takes and what it refuses is told.

mod contract;
mod inputs;
mod library;
mod national;
mod outbox;
mod story;
mod takeover;

use std::collections::{BTreeMap, BTreeSet};

use contract::{COMMON, contract, faults, folder, reference};
use dmpkit::connector::oversight::Wrong;
use dmpkit::ffi::status::{DMP_FINDINGS, DMP_INVALID_RECORD, DMP_OK};
use dmpkit::rules::{Fact, Remedy, Right};
use inputs::{READ_ONLY, World, accepts, mutants, options, says};
use serde_json::Value;

/// The schema's own nodes, each with its place: conditions (if, then, else, not) are left out.
fn nodes<'a>(schema: &'a Value, place: &str, found: &mut Vec<(String, &'a Value)>) {
    found.push((place.to_owned(), schema));
    for keyword in ["properties", "$defs"] {
        for (name, node) in schema[keyword].as_object().into_iter().flatten() {
            nodes(node, &format!("{place}/{keyword}/{name}"), found);
        }
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        for (index, node) in schema[keyword].as_array().into_iter().flatten().enumerate() {
            nodes(node, &format!("{place}/{keyword}/{index}"), found);
        }
    }
    if schema["items"].is_object() {
        nodes(&schema["items"], &format!("{place}/items"), found);
    }
}

/// The nodes of a record's schema and of every definition it comes to refer to.
fn described(record: &str) -> Vec<&'static Value> {
    let schemas = &contract().schemas;
    let mut found = Vec::new();
    let mut open: Vec<&Value> = vec![&schemas[record]];
    let mut followed = BTreeSet::new();
    while let Some(schema) = open.pop() {
        let mut here = Vec::new();
        nodes(schema, "", &mut here);
        for (_, node) in here {
            if let Some(name) = reference(node).filter(|name| followed.insert(*name)) {
                open.push(&schemas[COMMON]["$defs"][name]);
            }
            found.push(node);
        }
    }
    found
}

/// The names of the members that a record's schema describes, at any depth.
fn members(record: &str) -> BTreeSet<&'static str> {
    described(record)
        .into_iter()
        .filter_map(|node| node["properties"].as_object())
        .flat_map(|properties| properties.keys().map(String::as_str))
        .collect()
}

/// The names of the members of a value, at any depth.
fn names<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                found.insert(name);
                names(member, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        _ => {}
    }
}

/// Members of metadata that hold what the model of a document has no place for.
const BEYOND: [&str; 9] = [
    "otherSlots",
    "otherClassifications",
    "otherIdentifiers",
    "slots",
    "name",
    "values",
    "scheme",
    "node",
    "value",
];

/// Whether a record's schema describes the metadata of a document.
fn has_metadata(record: &str) -> bool {
    members(record).contains("otherSlots")
}

#[test]
fn metadata_beyond_the_model_are_written_as_they_are_described() {
    use dmpkit::document::Metadata;
    let requests = examples("check-request");
    let example = requests.iter().find_map(|e| e.get("metadata"));
    let mut example = example.expect("metadata").clone();
    let place = format!("{COMMON}.schema.json#/$defs/metadata");
    assert_eq!(
        faults(&contract().at_place(&place), &example),
        Vec::<String>::new()
    );
    let read: Metadata = serde_json::from_value(example.clone()).expect("metadata");
    let written = serde_json::to_value(&read).expect("JSON");
    for member in BEYOND.iter().take(3) {
        assert_eq!(written[member], example[member].take(), "{member}");
    }
}

fn examples(record: &str) -> &'static Vec<Value> {
    contract().schemas[record]["examples"]
        .as_array()
        .unwrap_or_else(|| panic!("{record}: no examples"))
}

#[test]
fn every_schema_is_valid_and_every_reference_resolves() {
    let schemas = &contract().schemas;
    let mut used = BTreeSet::new();
    for (record, schema) in schemas {
        if let Err(error) = jsonschema::meta::validate(schema) {
            panic!("{record}: {error} at {}", error.instance_path());
        }
        assert_eq!(
            schema["$schema"], "https://json-schema.org/draft/2020-12/schema",
            "{record}"
        );
        assert_eq!(schema["$id"], format!("{record}.schema.json"));
        assert!(schema["title"].is_string(), "{record}: no title");
        assert!(
            schema["description"].is_string(),
            "{record}: no description"
        );
        contract().validator(record);
        contract().describing(record);
        let mut here = Vec::new();
        nodes(schema, "", &mut here);
        for (place, node) in here {
            used.extend(reference(node));
            for (name, property) in node["properties"].as_object().into_iter().flatten() {
                assert!(
                    property["description"].is_string(),
                    "{record}{place}: {name} is not described"
                );
            }
        }
    }
    for name in schemas[COMMON]["$defs"]
        .as_object()
        .expect("definitions")
        .keys()
    {
        contract().at_place(&format!("{COMMON}.schema.json#/$defs/{name}"));
        assert!(
            used.contains(name.as_str()),
            "definition {name} is not used"
        );
    }
}

#[test]
fn every_example_is_valid_and_wholly_described() {
    for record in contract().schemas.keys().filter(|record| *record != COMMON) {
        assert!(!examples(record).is_empty(), "{record}: no example");
        for example in examples(record) {
            for validator in [contract().validator(record), contract().describing(record)] {
                assert_eq!(
                    faults(&validator, example),
                    Vec::<String>::new(),
                    "{record}"
                );
            }
        }
    }
}

#[test]
fn the_header_and_the_files_name_the_same_records() {
    let contract = contract();
    let mut named: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, function) in contract.functions.iter().chain(&contract.callbacks) {
        // A document's identifier, an instant and a secret are the only plain texts.
        let plain: Vec<&str> = function.plain.iter().map(String::as_str).collect();
        assert!(
            matches!(plain[..], [] | ["unique_id"] | ["at"] | ["buffer"]),
            "{name}: the comment names no record for {plain:?}"
        );
        assert!(function.astray.is_empty(), "{name}: {:?}", function.astray);
        for record in function.takes.iter().chain(&function.gives) {
            named.entry(record).or_default().push(name);
        }
    }
    let files: BTreeSet<&str> = contract.schemas.keys().map(String::as_str).collect();
    let mut records: BTreeSet<&str> = named.keys().copied().collect();
    records.insert(COMMON);
    assert_eq!(records, files);
    assert!(contract.inputs().is_disjoint(&contract.outputs()));
    // Each schema says which functions it is for; a refusal comes from nearly all.
    for (record, functions) in named.into_iter().filter(|(record, _)| *record != "refusal") {
        let description = contract.schemas[record]["description"]
            .as_str()
            .expect("a text");
        let said: BTreeSet<&str> = description
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .filter(|word| word.starts_with("dmp_"))
            .collect();
        assert_eq!(said, functions.into_iter().collect(), "{record}");
    }
}

#[test]
fn the_readme_of_the_schemas_lists_what_each_function_takes_and_gives() {
    let name = |record: &Option<String>| match record {
        None => String::new(),
        Some(record) => format!("`{record}`"),
    };
    let functions = contract().functions.iter();
    let functions = functions
        .filter(|(_, f)| f.takes.is_some() || f.gives.is_some())
        .map(|(function, f)| format!("| `{function}` | {} | {} |", name(&f.takes), name(&f.gives)));
    // A callback is given what the library gives.
    let callbacks = contract().callbacks.iter();
    let callbacks = callbacks
        .map(|(callback, c)| format!("| `{callback}` | {} | {} |", name(&c.gives), name(&c.takes)));
    let expected: BTreeSet<String> = functions.chain(callbacks).collect();
    let readme = std::fs::read_to_string(folder().join("README.md")).expect("README.md");
    let rows: Vec<&str> = readme
        .lines()
        .filter(|l| l.starts_with("| `dmp_"))
        .collect();
    let distinct: BTreeSet<String> = rows.iter().map(|row| (*row).to_owned()).collect();
    assert_eq!(distinct, expected, "include/schema/README.md");
    assert_eq!(rows.len(), distinct.len(), "a function stands twice");
}

#[test]
fn the_codes_of_rights_facts_and_remedies_are_the_librarys() {
    let definitions = &contract().schemas[COMMON]["$defs"];
    let listed = |node: &'static Value| -> Vec<&str> {
        let codes = node["enum"].as_array().expect("codes");
        codes.iter().filter_map(Value::as_str).collect()
    };
    let code = |name: &str| listed(&definitions[name]["properties"]["code"]);
    let rights: Vec<&str> = Right::all().map(Right::code).collect();
    assert_eq!(listed(&definitions["right"]), rights);
    let facts: Vec<&str> = Fact::ALL.iter().map(|f| f.code()).collect();
    assert_eq!(code("fact"), facts);
    let remedies: Vec<&str> = Remedy::ALL.iter().map(|r| r.code()).collect();
    assert_eq!(code("remedy"), remedies);
    let wrongs: Vec<&str> = Wrong::ALL.iter().map(|w| w.code()).collect();
    assert_eq!(code("fault"), wrongs);
}

#[test]
fn what_the_library_gives_is_what_the_schemas_describe() {
    let contract = contract();
    let (mut told, dispatched) = story::story();
    let (national, mut lent) = national::story();
    told.extend(national);
    let (taken_over, progress) = takeover::story();
    told.extend(taken_over);
    lent.extend(
        progress
            .into_iter()
            .map(|given| ("takeover-progress", given)),
    );
    lent.extend(
        dispatched
            .into_iter()
            .map(|given| ("dispatch-progress", given)),
    );
    let mut seen: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    let mut done = BTreeSet::new();
    for reply in &told {
        let function = &contract.functions[reply.function];
        if let (Some(taken), Some(text)) = (&function.takes, &reply.input) {
            let value: Value = serde_json::from_str(text).expect("JSON");
            let wrong = faults(&contract.validator(taken), &value);
            assert!(wrong.is_empty(), "{}: {wrong:?}", reply.function);
        }
        if reply.status == DMP_OK {
            done.insert(reply.function);
        }
        let record = match (&function.gives, reply.status) {
            (Some(given), DMP_OK) if given != "refusal" => given.as_str(),
            (_, 200..=399 | 500..=699) => "refusal",
            _ => {
                assert!(reply.answer.is_none(), "{reply:?}");
                continue;
            }
        };
        let answer = reply.answer.as_ref().unwrap_or_else(|| panic!("{reply:?}"));
        let wrong = faults(&contract.describing(record), answer);
        assert!(
            wrong.is_empty(),
            "{} {record}: {wrong:?}\n{answer}",
            reply.function
        );
        seen.entry(record).or_default().push(answer);
    }
    for (record, given) in &lent {
        let wrong = faults(&contract.describing(record), given);
        assert!(wrong.is_empty(), "{record}: {wrong:?}\n{given}");
        seen.entry(record).or_default().push(given);
    }
    // Nothing is described that was not seen. There is no card here: its record alone was.
    done.insert("dmp_connector_card");
    let all: BTreeSet<&str> = contract
        .functions
        .iter()
        .filter(|(_, f)| f.takes.is_some() || f.gives.is_some())
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(all, done, "every function succeeds once in the story");
    for record in contract.outputs() {
        let mut given = BTreeSet::new();
        seen[record]
            .iter()
            .for_each(|answer| names(answer, &mut given));
        let mut missing: Vec<_> = members(record).difference(&given).copied().collect();
        if ["metadata-answer", "wrap-answer"].contains(&record) {
            // A comment is given with a deposit: no document has one.
            missing.retain(|name| *name != "comments");
        }
        if has_metadata(record) {
            // What documents of others may have beyond the model; the embedded DMP has none.
            missing.retain(|name| !BEYOND.contains(name));
        }
        if record == "secret-request" {
            // Cards alone tell how many tries are left.
            missing.retain(|name| *name != "triesLeft");
        }
        if record == "wrap-answer" {
            // What is written has the one right value wherever there is one.
            missing.retain(|name| *name != "fix");
        }
        assert!(missing.is_empty(), "{record}: never seen {missing:?}");
    }
    let entries = seen["journal"]
        .iter()
        .flat_map(|a| a["entries"].as_array().expect("entries"));
    let actions: BTreeSet<&str> = entries.filter_map(|e| e["action"].as_str()).collect();
    let listed = &contract.schemas["journal"]["properties"]["entries"]["items"]["properties"];
    let listed = listed["action"]["enum"].as_array().expect("codes");
    assert_eq!(actions, listed.iter().filter_map(Value::as_str).collect());
}

#[test]
fn the_library_and_the_schemas_accept_and_refuse_the_same() {
    let contract = contract();
    let mut differences = Vec::new();
    let mut world = World::new();
    for record in contract.inputs() {
        let validator = contract.validator(record);
        let mut shown = BTreeSet::new();
        examples(record)
            .iter()
            .for_each(|example| names(example, &mut shown));
        assert_eq!(
            members(record),
            shown,
            "{record}: its examples show every member"
        );
        for (number, example) in examples(record).iter().enumerate() {
            let mut differs = |what: &str, reply: &library::Reply| {
                differences.push(format!(
                    "{record} {number} {what}: {} {}",
                    reply.status, reply.error
                ));
            };
            let reply = world.give(record, &world.text(record, example));
            if !matches!(reply.status, 0 | 300..=399) {
                differs("as it stands", &reply);
            }
            world = World::new();
            for (name, value) in example.as_object().expect("an object") {
                let text = world.text(record, example);
                let twice = format!("{{{}:{value},{}", Value::from(name.as_str()), &text[1..]);
                let reply = world.give(record, &twice);
                if reply.status != DMP_INVALID_RECORD {
                    differs(&format!("with {name} twice"), &reply);
                }
            }
            for mutant in mutants(example, &validator) {
                let valid = validator.is_valid(&mutant.value);
                let reply = world.give(record, &world.text(record, &mutant.value));
                let accepted = accepts(reply.status);
                let fits = match (valid, accepted) {
                    (true, false) => !mutant.alike && reply.status != DMP_INVALID_RECORD,
                    (true, true) | (false, false) => true,
                    // A context is read whole, and what is wrong in it is told in findings.
                    (false, true) => record == "wrap-context" && reply.status == DMP_FINDINGS,
                };
                if !fits {
                    differs(&mutant.what, &reply);
                }
                let text = mutant.value.pointer(&mutant.place).and_then(Value::as_str);
                let listed = text.and_then(|_| options(&validator, &mutant.value, &mutant.place));
                if let Some(listed) = listed
                    && !says(&reply.error, &listed)
                {
                    differs(&format!("{} lists {listed:?}", mutant.what), &reply);
                }
                if accepted && !READ_ONLY.contains(&record) {
                    world = World::new();
                }
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
