//! JSON records: read strictly, with errors that name the field and the rule, never the value.

use serde::de::DeserializeOwned;

/// Reads a record called `name`. The error is one line: where, and what was expected there.
pub(crate) fn read<T: DeserializeOwned>(json: &str, name: &str) -> Result<T, String> {
    // serde would also take a list of a record's values, in order and without their names.
    if !json.trim_start().starts_with('{') {
        return Err(format!("{name}: is not a JSON object"));
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().clone();
        let message = error.into_inner().to_string();
        format!(
            "{}: {}",
            place(name, &path, &message),
            without_value(&message)
        )
    })?;
    reader
        .end()
        .map_err(|_| format!("{name}: more text follows the record"))?;
    Ok(value)
}

/// Where an error lies: the record, and the fields of its schema that lead there. A field that the schema
/// does not know is the caller's own text: it is not repeated.
fn place(name: &str, path: &serde_path_to_error::Path, message: &str) -> String {
    let mut fields: Vec<String> = path.iter().map(ToString::to_string).collect();
    if message.starts_with("unknown field") {
        fields.pop();
    }
    let mut place = name.to_owned();
    for field in fields {
        // An index comes as "[0]".
        if !field.starts_with('[') {
            place.push('.');
        }
        place.push_str(&field);
    }
    place
}

/// serde's messages quote what they found, up to ", expected": only what was expected is kept.
fn without_value(message: &str) -> String {
    for (prefix, words) in [
        ("unknown field", "unknown field"),
        ("unknown variant", "unknown value"),
        ("invalid type", "wrong type"),
        ("invalid value", "wrong value"),
        ("invalid length", "wrong length"),
    ] {
        if message.starts_with(prefix) {
            let expected = message.rfind(", expected").map_or("", |at| &message[at..]);
            return format!("{words}{expected}");
        }
    }
    message.to_owned()
}

#[cfg(test)]
mod tests {
    use super::without_value;

    #[test]
    fn a_message_keeps_what_was_expected_and_not_what_was_found() {
        assert_eq!(
            without_value(
                "invalid type: string \"DURAND, expected nothing\", expected a map at line 1 column 9"
            ),
            "wrong type, expected a map at line 1 column 9"
        );
        assert_eq!(
            without_value("unknown field `jean`, expected `patient` or `mode`"),
            "unknown field, expected `patient` or `mode`"
        );
        assert_eq!(
            without_value("missing field `patient`"),
            "missing field `patient`"
        );
    }
}
