//! The parameters of a stored query as text (ITI TF-2 3.18.4.1.2.3.5): strings between quotes, lists between parentheses,
//! numbers bare.

use super::super::Refused;
use crate::document::OtherSlot;

/// Values of the schema hold 256 characters at most: longer lists go in several.
const VALUE_LIMIT: usize = 256;

/// A string between quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A list of strings, in as many values as the schema asks.
pub(super) fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    let mut current = String::new();
    for item in items {
        let item = quoted(item);
        let fits = current.chars().count() + item.chars().count() + 3 <= VALUE_LIMIT;
        if !current.is_empty() && !fits {
            values.push(format!("({current})"));
            current.clear();
        }
        if !current.is_empty() {
            current.push(',');
        }
        current.push_str(&item);
    }
    if !current.is_empty() {
        values.push(format!("({current})"));
    }
    values
}

/// The parameters of a query that came in. What is asked for is taken; what is left at the end is unknown.
pub(super) struct Params {
    slots: Vec<OtherSlot>,
}

const fn format_error(rule: &'static str) -> Refused {
    Refused {
        code: "XDSRegistryError",
        rule,
    }
}

impl Params {
    pub fn new(slots: Vec<OtherSlot>) -> Params {
        Params { slots }
    }

    fn take(&mut self, name: &str) -> Vec<OtherSlot> {
        let all = std::mem::take(&mut self.slots);
        let (mine, rest) = all.into_iter().partition(|slot| slot.name == name);
        self.slots = rest;
        mine
    }

    /// The only value of a parameter.
    fn one(&mut self, name: &str) -> Result<Option<String>, Refused> {
        let mut slots = self.take(name);
        match (slots.len(), slots.pop()) {
            (0, _) => Ok(None),
            (1, Some(mut slot)) if slot.values.len() == 1 => Ok(slot.values.pop()),
            _ => Err(Refused {
                code: "XDSStoredQueryParamNumber",
                rule: "a parameter that has one value is given more or none",
            }),
        }
    }

    /// A string: `'…'`. A list of one is understood.
    pub fn string(&mut self, name: &str) -> Result<Option<String>, Refused> {
        let Some(value) = self.one(name)? else {
            return Ok(None);
        };
        let value = value.trim();
        let all = if value.starts_with('(') {
            parse_list(value)?
        } else {
            let (text, rest) = parse_string(value)?;
            if !rest.trim().is_empty() {
                return Err(format_error("a string parameter must be one quoted string"));
            }
            vec![text]
        };
        match <[String; 1]>::try_from(all) {
            Ok([one]) => Ok(Some(one)),
            Err(_) => Err(Refused {
                code: "XDSStoredQueryParamNumber",
                rule: "a parameter that has one value is given more or none",
            }),
        }
    }

    /// A number or a time: bare; quotes are understood.
    pub fn number(&mut self, name: &str) -> Result<Option<String>, Refused> {
        let value = self.one(name)?;
        Ok(value.map(|v| v.trim().trim_matches('\'').to_owned()))
    }

    /// Lists: one group for each slot of the name.
    pub fn groups(&mut self, name: &str) -> Result<Vec<Vec<String>>, Refused> {
        let mut groups = Vec::new();
        for slot in self.take(name) {
            let mut group = Vec::new();
            for value in &slot.values {
                group.append(&mut parse_list(value.trim())?);
            }
            if group.is_empty() {
                return Err(format_error("a list parameter must not be empty"));
            }
            groups.push(group);
        }
        Ok(groups)
    }

    /// A list whose parameter may stand once.
    pub fn list(&mut self, name: &str) -> Result<Option<Vec<String>>, Refused> {
        let mut groups = self.groups(name)?;
        let only = groups.pop();
        if groups.is_empty() {
            Ok(only)
        } else {
            Err(Refused {
                code: "XDSStoredQueryParamNumber",
                rule: "a parameter stands twice",
            })
        }
    }

    /// Everything must have been asked for.
    pub fn end(self) -> Result<(), Refused> {
        if self.slots.is_empty() {
            Ok(())
        } else {
            Err(format_error(
                "a parameter of the query is unknown or not supported by this registry",
            ))
        }
    }
}

/// A quoted string at the start of a text, and what follows it.
fn parse_string(text: &str) -> Result<(String, &str), Refused> {
    let mut rest = text.strip_prefix('\'').ok_or(format_error(
        "a string of the query must stand between quotes",
    ))?;
    let mut out = String::new();
    loop {
        let (before, after) = rest
            .split_once('\'')
            .ok_or(format_error("a quote of the query is not closed"))?;
        out.push_str(before);
        match after.strip_prefix('\'') {
            Some(more) => {
                out.push('\'');
                rest = more;
            }
            None => return Ok((out, after)),
        }
    }
}

/// `('a','b')`, white space allowed between.
fn parse_list(text: &str) -> Result<Vec<String>, Refused> {
    const FORM: Refused = format_error("a list of the query must be written ('…','…')");
    let mut rest = text.strip_prefix('(').ok_or(FORM)?.trim_start();
    let mut all = Vec::new();
    loop {
        let (one, after) = parse_string(rest)?;
        all.push(one);
        let after = after.trim_start();
        match after.strip_prefix(',') {
            Some(more) => rest = more.trim_start(),
            None if after == ")" => return Ok(all),
            None => return Err(FORM),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_and_long_lists_go_in_several_values() {
        assert_eq!(list(["O'Neil", "b"]), ["('O''Neil','b')"]);
        let long: Vec<String> = (0..40).map(|n| format!("urn:uuid:{n:036}")).collect();
        let values = list(long.iter().map(String::as_str));
        assert!(values.len() > 1 && values.iter().all(|v| v.chars().count() <= VALUE_LIMIT));
        let back: Vec<String> = values.iter().flat_map(|v| parse_list(v).unwrap()).collect();
        assert_eq!(back, long);
        assert_eq!(parse_list("( 'a' ,\n 'b''c' )").unwrap(), ["a", "b'c"]);
        for bad in [
            "",
            "()",
            "('a'",
            "'a'",
            "(a)",
            "('a' 'b')",
            "('a',)",
            "('a')x",
            "('a",
        ] {
            assert!(parse_list(bad).is_err(), "{bad}");
        }
    }
}
