//! What the repository publishes: the schemas of `include/schema`, and what the header says each function
//! takes and gives.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jsonschema::{Registry, Validator};
use serde_json::{Value, json};

/// The definitions that records share; the one file that is not a record.
pub const COMMON: &str = "common";

/// Where the schemas stand for their relative `$id`: any base does.
const BASE: &str = "file:///schema/";

/// What the header says of a function or of a callback: the record the library takes, the record it gives.
#[derive(Default)]
pub struct Function {
    pub takes: Option<String>,
    pub gives: Option<String>,
    /// Its parameters of text that are neither `error` nor a record of the comment.
    pub plain: BTreeSet<String>,
    /// Records of the comment that no parameter of text answers to.
    pub astray: Vec<String>,
}

pub struct Contract {
    /// Every schema, by the name of its record.
    pub schemas: BTreeMap<String, Value>,
    /// Every function of the header that answers with a status.
    pub functions: BTreeMap<String, Function>,
    /// Every callback that answers with a status, and the function that takes what one answers.
    pub callbacks: BTreeMap<String, Function>,
    as_published: Registry<'static>,
    closed: Registry<'static>,
}

pub fn contract() -> &'static Contract {
    static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
        let schemas = schemas();
        let mixins = mixins(&schemas);
        let mut closed = schemas.clone();
        for schema in closed.values_mut() {
            close(schema, &mixins, false);
        }
        let (callbacks, functions) = declarations()
            .into_iter()
            .partition(|(name, _)| name.ends_with("_callback") || name.ends_with("_writer"));
        Contract {
            as_published: registry(&schemas),
            closed: registry(&closed),
            functions,
            callbacks,
            schemas,
        }
    });
    &CONTRACT
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn folder() -> PathBuf {
    root().join("include/schema")
}

fn schemas() -> BTreeMap<String, Value> {
    let mut schemas = BTreeMap::new();
    for file in std::fs::read_dir(folder()).expect("include/schema") {
        let path = file.expect("a file").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        if let Some(record) = name.strip_suffix(".schema.json") {
            let text = std::fs::read_to_string(&path).expect("readable");
            let schema = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
            schemas.insert(record.to_owned(), schema);
        }
    }
    schemas
}

fn registry(schemas: &BTreeMap<String, Value>) -> Registry<'static> {
    let documents = schemas
        .iter()
        .map(|(record, schema)| (format!("{BASE}{record}.schema.json"), schema.clone()));
    Registry::new()
        .extend(documents)
        .and_then(|builder| builder.prepare())
        .expect("the schemas are resources")
}

impl Contract {
    /// The records that are taken by some function.
    pub fn inputs(&self) -> BTreeSet<&str> {
        let all = self.functions.values().chain(self.callbacks.values());
        let taken = all.filter_map(|f| f.takes.as_ref());
        taken.map(String::as_str).collect()
    }

    /// The records that are given by some function.
    pub fn outputs(&self) -> BTreeSet<&str> {
        let all = self.functions.values().chain(self.callbacks.values());
        let given = all.filter_map(|f| f.gives.as_ref());
        given.map(String::as_str).collect()
    }

    /// The validator of a record, as its schema is published.
    pub fn validator(&self, record: &str) -> Validator {
        self.at(&self.as_published, &format!("{record}.schema.json"))
    }

    /// The same, but nothing may stand in an object that the schema does not describe.
    pub fn describing(&self, record: &str) -> Validator {
        self.at(&self.closed, &format!("{record}.schema.json"))
    }

    /// The validator of a place in a schema, every reference from it resolved.
    pub fn at_place(&self, place: &str) -> Validator {
        self.at(&self.as_published, place)
    }

    fn at(&self, registry: &Registry<'static>, place: &str) -> Validator {
        jsonschema::options()
            .with_registry(registry)
            .with_base_uri(BASE)
            .should_validate_formats(true)
            .offline()
            .build(&json!({ "$ref": place }))
            .unwrap_or_else(|e| panic!("{place}: {e}"))
    }
}

/// What is wrong with a value, in one line each.
pub fn faults(validator: &Validator, value: &Value) -> Vec<String> {
    validator
        .iter_errors(value)
        .map(|e| format!("{} at {}", e, e.instance_path()))
        .collect()
}

/// Definitions whose members others add to theirs, by `allOf`.
fn mixins(schemas: &BTreeMap<String, Value>) -> BTreeSet<String> {
    fn collect(node: &Value, found: &mut BTreeSet<String>) {
        match node {
            Value::Object(members) => {
                for part in members
                    .get("allOf")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                {
                    found.extend(reference(part).map(str::to_owned));
                }
                members.values().for_each(|v| collect(v, found));
            }
            Value::Array(items) => items.iter().for_each(|v| collect(v, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    schemas.values().for_each(|s| collect(s, &mut found));
    found
}

/// The definition of the common schema that a node refers to.
pub fn reference(node: &Value) -> Option<&str> {
    node.get("$ref")?
        .as_str()?
        .split_once("#/$defs/")
        .map(|(_, name)| name)
}

/// Closes every object of a schema, once its parts are put together.
fn close(node: &mut Value, mixins: &BTreeSet<String>, part: bool) {
    let refers_to_mixin = reference(node).is_some_and(|name| mixins.contains(name));
    let Some(members) = node.as_object_mut() else {
        return;
    };
    for (keyword, value) in members.iter_mut() {
        match (keyword.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                properties
                    .values_mut()
                    .for_each(|p| close(p, mixins, false));
            }
            ("$defs", Value::Object(definitions)) => {
                for (name, definition) in definitions {
                    close(definition, mixins, mixins.contains(name));
                }
            }
            ("items", items) => close(items, mixins, false),
            ("oneOf" | "anyOf", Value::Array(shapes)) => {
                shapes.iter_mut().for_each(|s| close(s, mixins, false));
            }
            ("allOf", Value::Array(parts)) => {
                parts.iter_mut().for_each(|p| close(p, mixins, true));
            }
            _ => {}
        }
    }
    let is_object = members.contains_key("properties") || refers_to_mixin;
    if is_object && !part && !members.contains_key("oneOf") {
        members.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
    }
}

/// Reads the header: each declaration with the comment above it.
fn declarations() -> BTreeMap<String, Function> {
    let header = std::fs::read_to_string(root().join("include/dmpkit.h")).expect("the header");
    let mut functions = BTreeMap::new();
    let (mut comment, mut declaration) = (String::new(), String::new());
    for line in header.lines() {
        if let Some(text) = line.strip_prefix("// ") {
            comment.push(' ');
            comment.push_str(text);
            continue;
        }
        declaration.push(' ');
        declaration.push_str(line.trim());
        let whole = line.is_empty() || line.ends_with(';');
        if whole {
            if let Some((name, function)) = function(&comment, &declaration) {
                functions.insert(name, function);
            }
            comment.clear();
            declaration.clear();
        }
    }
    functions
}

fn function(comment: &str, declaration: &str) -> Option<(String, Function)> {
    let declaration = declaration.trim().trim_end_matches(");");
    let callback = declaration.strip_prefix("typedef int32_t (*");
    let (name, parameters) = match callback {
        Some(callback) => callback.split_once(")(")?,
        None => declaration.strip_prefix("int32_t ")?.split_once('(')?,
    };
    let words: Vec<&str> = comment.split_whitespace().collect();
    // "parameter: record name"
    let mut said: BTreeMap<&str, &str> = words
        .windows(3)
        .filter(|w| w[1] == "record" && w[0].ends_with(':'))
        .map(|w| {
            (
                w[0].trim_end_matches(':'),
                w[2].trim_end_matches(['.', ',']),
            )
        })
        .collect();
    let mut function = Function::default();
    // What one gives to a writer is bytes.
    let told = |p: &&str| p.contains("char ") || p.ends_with("uint8_t *bytes");
    for parameter in parameters.split(',').filter(told) {
        let name = parameter.rsplit([' ', '*']).next().unwrap_or_default();
        let in_text = parameter.contains("char ");
        match said.remove(name).map(str::to_owned) {
            // The library calls back: what it hands over it gives.
            Some(record) if callback.is_some() && in_text => function.gives = Some(record),
            Some(record) if parameter.contains("const ") => function.takes = Some(record),
            Some(record) => function.gives = Some(record),
            None if name == "error" => {}
            None => {
                function.plain.insert(name.to_owned());
            }
        }
    }
    function.astray = said.values().map(|r| (*r).to_owned()).collect();
    Some((name.to_owned(), function))
}
