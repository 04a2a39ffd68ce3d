//! `dmpkit codes`: the value sets, for combo boxes and for eyes; and the pack that every command may load.

use std::io;

use dmpkit::document::Coded;
use dmpkit::terminology::{Day, Pack, Terminology};

use crate::args::{self, Codes};
use crate::{Outcome, files, output};

/// What is built in, with the pack the person names; or how the command ends without it.
pub fn terminology(pack: &args::Pack) -> Result<Terminology, Outcome> {
    let embedded = Terminology::embedded();
    let Some(path) = &pack.pack else {
        return Ok(embedded);
    };
    let name = output::name(path);
    let bytes = files::read(path).map_err(|error| output::unread(path, &error))?;
    let pack = Pack::read(&bytes).map_err(|error| {
        output::complain(&format!(
            "{name} n'est pas un jeu de nomenclatures : {error}."
        ));
        Outcome::ToCorrect
    })?;
    Ok(embedded.with_pack(pack).0)
}

/// Lists the sets, or the codes of one.
pub fn run(command: &Codes) -> io::Result<Outcome> {
    let terminology = match terminology(&command.pack) {
        Ok(terminology) => terminology,
        Err(outcome) => return Ok(outcome),
    };
    let Some(name) = &command.set else {
        for set in terminology.sets() {
            if command.json {
                output::record(&set.summary())?;
            } else {
                output::line(&format!(
                    "{:<50} {:>4} codes  version {}  {}",
                    set.name,
                    set.concepts().count(),
                    set.version,
                    set.oid
                ))?;
            }
        }
        return Ok(Outcome::Good);
    };
    let day = match command.at.as_deref().map(Day::parse) {
        Some(None) => {
            output::complain("La date s'écrit AAAAMMJJ, comme 20260112.");
            return Ok(Outcome::ToCorrect);
        }
        Some(day) => day,
        None => None,
    };
    let found = terminology.set(name).or_else(|| {
        let mut started = terminology.sets().filter(|set| starts(&set.name, name));
        let first = started.next();
        // Two sets that begin alike: the person must say more.
        if started.next().is_some() {
            None
        } else {
            first
        }
    });
    let Some(set) = found else {
        output::complain(&format!(
            "{name} ne désigne pas une nomenclature et une seule : « dmpkit codes » les liste."
        ));
        return Ok(Outcome::ToCorrect);
    };
    let mut listing = set.list(day);
    if let Some(searched) = command.find.as_deref().map(str::to_lowercase) {
        let holds = |text: &str| text.to_lowercase().contains(&searched);
        listing
            .concepts
            .retain(|c: &Coded| holds(&c.code) || holds(&c.label));
    }
    if command.json {
        output::record(&listing)?;
        return Ok(Outcome::Good);
    }
    output::line(&format!(
        "{} ({}), version {}",
        listing.name, listing.oid, listing.version
    ))?;
    let width = listing
        .concepts
        .iter()
        .map(|c| c.code.chars().count())
        .max()
        .unwrap_or(0);
    for concept in &listing.concepts {
        output::line(&format!(
            "  {:<width$}  {}  [{}]",
            concept.code, concept.label, concept.system
        ))?;
    }
    let count = output::count(listing.concepts.len(), "code");
    output::line(&format!("{count}, source {}", listing.source))?;
    Ok(Outcome::Good)
}

/// Whether the name of a set starts with what the person wrote, up to the end of a word: JDV_J6 is not JDV_J66.
fn starts(name: &str, written: &str) -> bool {
    let head = name.get(..written.len());
    let next = name
        .get(written.len()..)
        .and_then(|rest| rest.chars().next());
    head.is_some_and(|head| head.eq_ignore_ascii_case(written))
        && next.is_none_or(|c| !c.is_alphanumeric())
}
