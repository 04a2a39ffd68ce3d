//! Spoils a good JSON record in every way a caller can.

#![allow(dead_code, reason = "each test file uses its part")]

use serde_json::{Map, Value, json};

/// A record spoiled, and how.
pub struct Spoiled {
    pub how: String,
    pub text: String,
}

fn spoiled(how: String, text: String) -> Spoiled {
    Spoiled { how, text }
}

/// The place of every node under a value, the value itself included.
fn places(value: &Value) -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .map(|(i, v)| (i.to_string(), v))
            .collect(),
        _ => Vec::new(),
    };
    for (name, child) in children {
        for mut place in places(child) {
            place.insert(0, name.clone());
            found.push(place);
        }
    }
    found
}

fn at<'v>(value: &'v mut Value, place: &[String]) -> &'v mut Value {
    let mut here = value;
    for step in place {
        here = match here {
            Value::Array(list) => &mut list[step.parse::<usize>().expect("an index")],
            other => &mut other[step.as_str()],
        };
    }
    here
}

fn with(value: &Value, place: &[String], change: impl FnOnce(&mut Value)) -> Value {
    let mut copy = value.clone();
    change(at(&mut copy, place));
    copy
}

/// Records that no schema allows, whatever their values: unknown field, duplicate field, not an object, cut
/// short, followed by more text, nested without end.
pub fn never_a_record(good: &Value, marker: &str) -> Vec<Spoiled> {
    let text = good.to_string();
    let mut all = Vec::new();
    for place in places(good) {
        let mut copy = good.clone();
        let Value::Object(object) = at(&mut copy, &place).clone() else {
            continue;
        };
        let here = place.join("/");
        let unknown = with(good, &place, |v| v[marker] = json!(marker));
        all.push(spoiled(
            format!("unknown field in /{here}"),
            unknown.to_string(),
        ));
        for name in object.keys() {
            let twin = format!("TWIN-OF-{name}");
            let doubled = with(good, &place, |v| v[&twin] = object[name].clone());
            let text = doubled
                .to_string()
                .replace(&format!("\"{twin}\""), &format!("\"{name}\""));
            all.push(spoiled(format!("duplicate {name} in /{here}"), text));
        }
    }
    for cut in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
        all.push(spoiled(format!("cut at {cut}"), text[..cut].to_owned()));
    }
    let deep = 100_000;
    let not_objects = [
        ("null", "null".to_owned()),
        ("a list", "[]".to_owned()),
        ("a list of its values", values_alone(good)),
        ("a text", json!(marker).to_string()),
        ("a number", "12".to_owned()),
        ("blanks", " \n\t".to_owned()),
        ("a mark", format!("\u{feff}{text}")),
        ("no quotes", format!("{{{marker}: 1}}")),
        ("a comment", format!("{text} // {marker}")),
        ("lists without end", "[".repeat(deep)),
        ("objects without end", "{\"a\":".repeat(deep)),
        (
            "closed nesting",
            format!("{}1{}", "[".repeat(deep), "]".repeat(deep)),
        ),
    ];
    all.extend(not_objects.map(|(how, text)| spoiled(how.to_owned(), text)));
    for tail in [marker, "{}", "}", ",", "null"] {
        all.push(spoiled(
            format!("followed by {tail}"),
            format!("{text} {tail}"),
        ));
    }
    all
}

/// The values of an object without their names, as serde would take a struct.
fn values_alone(good: &Value) -> String {
    let empty = Map::new();
    let values: Vec<&Value> = good.as_object().unwrap_or(&empty).values().collect();
    json!(values).to_string()
}

/// Records with one value changed for another of any type, or removed: whether they are refused depends
/// on the field, what they leave and say does not.
pub fn other_values(good: &Value, marker: &str) -> Vec<Spoiled> {
    let deep = (0..100).fold(json!(marker), |inner, _| json!([inner]));
    let strange = [
        json!(null),
        json!(true),
        json!(-1),
        json!(9_007_199_254_740_993_i64),
        json!(1.5e300),
        json!(""),
        json!(" "),
        json!("\u{0}\u{1f}\u{7f}"),
        json!(marker),
        json!(format!("{marker}\", expected {marker}")),
        json!(format!("{marker}\n{marker}")),
        json!([marker]),
        json!({ marker: marker }),
        json!("é".repeat(5_000)),
        deep,
    ];
    let mut all = Vec::new();
    for place in places(good).into_iter().filter(|p| !p.is_empty()) {
        let here = place.join("/");
        for value in &strange {
            let mut shown = value.to_string();
            shown.truncate(
                (0..=24)
                    .rev()
                    .find(|n| shown.is_char_boundary(*n))
                    .unwrap_or(0),
            );
            let changed = with(good, &place, |v| *v = value.clone());
            all.push(spoiled(format!("/{here} = {shown}"), changed.to_string()));
        }
        let (last, parent) = place.split_last().expect("not empty");
        let removed = with(good, parent, |v| {
            if let Value::Object(object) = v {
                object.remove(last);
            }
        });
        all.push(spoiled(format!("/{here} removed"), removed.to_string()));
    }
    all
}
