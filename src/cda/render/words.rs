//! What a header says, in French.

use super::clean;
use crate::cda::body::NullFlavor;
use crate::cda::time::{HlTime, Precision};
use crate::cda::{
    Author, Code, Device, Header, Id, Organization, Patient, PersonName, ServiceEvent,
};
use crate::identity::Authority;

/// A line of the header: what it is, and one or several values.
pub(super) struct Line {
    pub label: &'static str,
    pub values: Vec<String>,
}

/// The title of the document, else its type.
pub(super) fn title(header: &Header) -> String {
    let kind = header.code.as_ref().and_then(|code| code.label.clone());
    header
        .title
        .clone()
        .or(kind)
        .unwrap_or_else(|| "Document sans titre".to_owned())
}

/// The type of document and its date, below the title.
pub(super) fn subtitle(header: &Header) -> String {
    let mut parts = Vec::new();
    let title = title(header).to_lowercase();
    if let Some(kind) = header.code.as_ref().map(label)
        && kind.to_lowercase() != title
    {
        parts.push(kind);
    }
    if let Some(time) = &header.effective_time {
        parts.push(format!("établi le {}", date(time)));
    }
    if let Some(version) = header.version_number.filter(|v| *v > 1) {
        parts.push(format!("version {version}"));
    }
    parts.join(" — ")
}

/// The patient's name as it is shown first.
pub(super) fn patient_name(patient: &Patient) -> String {
    let family = patient
        .used_family
        .as_ref()
        .or(patient.birth_family.as_ref());
    let given = [
        &patient.used_given,
        &patient.first_given,
        &patient.given_names,
    ];
    let given = given.into_iter().flatten().next();
    let name = [family, given].into_iter().flatten();
    let name: Vec<_> = name.map(String::as_str).collect();
    if name.is_empty() {
        "Patient sans nom dans le document".to_owned()
    } else {
        name.join(" ")
    }
}

/// What identifies the patient beside the name.
pub(super) fn patient(patient: &Patient) -> Vec<Line> {
    let mut lines = Vec::new();
    if let (Some(birth), Some(used)) = (&patient.birth_family, &patient.used_family)
        && birth != used
    {
        lines.push(one("Nom de naissance", birth.clone()));
    }
    if let Some(given) = &patient.given_names
        && !patient_name(patient).ends_with(&format!(" {given}"))
    {
        lines.push(one("Prénoms de naissance", given.clone()));
    }
    let sex = patient.gender.as_ref().map(|code| code.code.as_str());
    if let Some(birth) = &patient.birth_time {
        let label = match sex {
            Some("M") => "Né le",
            Some("F") => "Née le",
            _ => "Né(e) le",
        };
        lines.push(one(label, day(birth)));
    }
    match sex {
        Some("M") => lines.push(one("Sexe", "masculin".to_owned())),
        Some("F") => lines.push(one("Sexe", "féminin".to_owned())),
        Some(_) => lines.extend(patient.gender.as_ref().map(|code| one("Sexe", label(code)))),
        None => {}
    }
    if let Some(id) = patient.ids.iter().find(|id| is_ins(id)) {
        let matricule = id.extension.as_deref().unwrap_or_default();
        lines.push(one("Matricule INS", grouped(matricule)));
    }
    lines
}

/// Who made the document, in what structure, for what act, and what it replaces.
pub(super) fn lines(header: &Header) -> Vec<Line> {
    let mut lines = Vec::new();
    let several =
        |label, values: Vec<String>| (!values.is_empty()).then_some(Line { label, values });
    let authors: Vec<_> = header.authors.iter().map(author).collect();
    let label = if authors.len() > 1 {
        "Auteurs"
    } else {
        "Auteur"
    };
    lines.extend(several(label, authors));
    if let Some(who) = &header.legal_authenticator {
        let same = header
            .authors
            .iter()
            .any(|author| author.person.is_some() && author.person == who.person);
        if let Some(person) = who.person.as_ref().filter(|_| !same) {
            let mut value = name(person);
            if let Some(place) = who.organization.as_ref().and_then(organization) {
                value.push_str(&format!(", {place}"));
            }
            lines.push(one("Responsable", value));
        }
    }
    let events: Vec<_> = header.service_events.iter().filter_map(event).collect();
    let label = if events.len() > 1 { "Actes" } else { "Acte" };
    lines.extend(several(label, events));
    if let Some(facility) = &header.facility {
        lines.push(one("Lieu d’exercice", self::label(facility)));
    }
    if let Some(custodian) = header.custodian.as_ref().and_then(organization) {
        let known = lines
            .iter()
            .any(|line| line.values.iter().any(|value| value.contains(&custodian)));
        if !known {
            lines.push(one("Conservé par", custodian));
        }
    }
    let related: Vec<_> = header
        .related_documents
        .iter()
        .map(|related| {
            let what = match related.type_code.as_str() {
                "RPLC" => "remplace",
                "APND" => "complète",
                "XFRM" => "transforme",
                _ => "se rapporte à",
            };
            let version = related
                .version_number
                .map(|v| format!(" la version {v},"))
                .unwrap_or_default();
            let id = related.id.as_ref().or(related.set_id.as_ref());
            match id.map(identifier) {
                Some(id) => format!("{what}{version} le document {id}"),
                None => format!("{what}{version} un autre document"),
            }
        })
        .collect();
    lines.extend(several("Ce document", related));
    lines
}

fn one(label: &'static str, value: String) -> Line {
    let values = vec![value];
    Line { label, values }
}

fn is_ins(id: &Id) -> bool {
    id.extension.is_some() && Authority::from_oid(&id.root).is_some()
}

fn author(author: &Author) -> String {
    let patient = author.ids.iter().any(is_ins);
    let mut parts = Vec::new();
    parts.extend(author.person.as_ref().map(name));
    if patient {
        parts.push("patient".to_owned());
    }
    parts.extend(author.specialty.as_ref().map(label));
    parts.extend(author.function.as_ref().and_then(|code| code.label.clone()));
    parts.extend(author.device.as_ref().and_then(device));
    parts.extend(author.organization.as_ref().and_then(organization));
    if parts.is_empty() {
        "non précisé".to_owned()
    } else {
        parts.join(", ")
    }
}

fn name(person: &PersonName) -> String {
    // « Docteur » says more than « M » and comes in its place.
    let title = person.suffix.as_ref().or(person.prefix.as_ref());
    let parts = [title, person.given.as_ref(), person.family.as_ref()];
    let parts: Vec<_> = parts.into_iter().flatten().map(String::as_str).collect();
    parts.join(" ")
}

fn device(device: &Device) -> Option<String> {
    let parts = [&device.model, &device.software].into_iter().flatten();
    let parts: Vec<_> = parts.map(String::as_str).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn organization(organization: &Organization) -> Option<String> {
    organization.name.clone()
}

fn event(event: &ServiceEvent) -> Option<String> {
    let what = event.code.as_ref().map(label);
    let when = match (&event.low, &event.high) {
        (Some(low), Some(high)) if low.date() != high.date() => {
            Some(format!("du {} au {}", day(low), day(high)))
        }
        (Some(low), _) => Some(format!("le {}", date(low))),
        (None, Some(high)) => Some(format!("jusqu’au {}", day(high))),
        (None, None) => None,
    };
    match (what, when) {
        (Some(what), Some(when)) => Some(format!("{what}, {when}")),
        (what, when) => what.or(when),
    }
}

/// The label of a code, else the code.
fn label(code: &Code) -> String {
    code.label.clone().unwrap_or_else(|| code.code.clone())
}

fn identifier(id: &Id) -> String {
    match &id.extension {
        Some(extension) => format!("{}^{extension}", id.root),
        None => id.root.clone(),
    }
}

/// A matricule in the groups that people read it in.
fn grouped(matricule: &str) -> String {
    const GROUPS: [usize; 7] = [1, 2, 2, 2, 3, 3, 2];
    if matricule.len() != 15 || !matricule.is_ascii() {
        return matricule.to_owned();
    }
    let mut rest = matricule;
    let groups: Vec<_> = GROUPS
        .iter()
        .map(|length| {
            let (group, after) = rest.split_at(*length);
            rest = after;
            group
        })
        .collect();
    groups.join("\u{a0}")
}

/// A date as it is said: « 12 janvier 2026 ».
fn day(time: &HlTime) -> String {
    const MONTHS: [&str; 12] = [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ];
    let date = time.date();
    let month = MONTHS.get(usize::from(u8::from(date.month())) - 1);
    let month = month.copied().unwrap_or_default();
    let year = date.year();
    match time.precision() {
        Precision::Year => year.to_string(),
        Precision::Month => format!("{month} {year}"),
        _ if date.day() == 1 => format!("1er\u{a0}{month} {year}"),
        _ => format!("{}\u{a0}{month} {year}", date.day()),
    }
}

/// A date and the time of day, when it has one, in the local time it was written in.
fn date(time: &HlTime) -> String {
    let mut text = day(time);
    let digits = time.digits();
    if let (Some(hour), Some(minute)) = (digits.get(8..10), digits.get(10..12)) {
        let hour = hour.trim_start_matches('0');
        let hour = if hour.is_empty() { "0" } else { hour };
        text.push_str(&format!(" à {hour}\u{a0}h\u{a0}{minute}"));
        // Paris in winter and in summer goes without saying.
        if let Some(minutes) = time.offset().map(|o| i32::from(o.minutes))
            && !matches!(minutes, 60 | 120)
        {
            let sign = if minutes < 0 { '−' } else { '+' };
            let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
            text.push_str(&match (minutes, rest) {
                (0, _) => " (UTC)".to_owned(),
                (_, 0) => format!(" (UTC{sign}{hours})"),
                _ => format!(" (UTC{sign}{hours}\u{a0}h\u{a0}{rest:02})"),
            });
        }
    }
    text
}

/// Why there is no text.
pub(super) fn null_flavor(flavor: NullFlavor) -> &'static str {
    match flavor {
        NullFlavor::Unknown => "Information inconnue.",
        NullFlavor::NotAsked => "Information non demandée.",
        NullFlavor::AskedUnknown => "Information demandée, inconnue.",
        NullFlavor::Unavailable => "Information non disponible pour le moment.",
        NullFlavor::Masked => "Information masquée par l’auteur du document.",
        NullFlavor::NotApplicable => "Sans objet.",
        NullFlavor::Other => "Aucune information.",
    }
}

/// A media type as people name it.
pub(super) fn file_type(media_type: &str) -> String {
    match media_type {
        "application/pdf" => "PDF".to_owned(),
        "image/png" => "image PNG".to_owned(),
        "image/jpeg" => "image JPEG".to_owned(),
        "image/gif" => "image GIF".to_owned(),
        "image/tiff" => "image TIFF".to_owned(),
        "text/rtf" | "application/rtf" => "texte RTF".to_owned(),
        "text/plain" => "texte".to_owned(),
        "text/xml" | "application/xml" => "XML".to_owned(),
        "application/octet-stream" => "format inconnu".to_owned(),
        other => clean::shortened(other, 60),
    }
}

/// A length in bytes as people say it.
pub(super) fn size(bytes: usize) -> String {
    let tenths = |unit: usize| (bytes.saturating_mul(10) + unit / 2) / unit;
    match bytes {
        0..1_000 => format!("{bytes}\u{a0}octets"),
        1_000..1_000_000 => format!("{}\u{a0}Ko", (bytes + 500) / 1_000),
        _ => {
            let tenths = tenths(1_000_000);
            format!("{},{}\u{a0}Mo", tenths / 10, tenths % 10)
        }
    }
}

/// What to say of a file that the page or the text cannot show.
pub(super) fn file(file: &crate::cda::body::File) -> String {
    use crate::cda::body::Undecodable;
    match &file.bytes {
        Ok(bytes) => {
            let size = size(bytes.len());
            match file.media_type() {
                "application/pdf" if file.pdf_copy => {
                    format!("Copie du document en PDF ({size}), à ouvrir à part.")
                }
                "application/pdf" => format!("Fichier PDF ({size}), à ouvrir à part."),
                "image/tiff" => {
                    format!("Image TIFF ({size}), à ouvrir à part avec un logiciel d’imagerie.")
                }
                "text/rtf" => {
                    format!("Texte RTF ({size}), à ouvrir à part avec un traitement de texte.")
                }
                other => format!(
                    "Fichier joint\u{a0}: {} ({size}), à ouvrir à part.",
                    file_type(other)
                ),
            }
        }
        Err(Undecodable::Empty) => "Le fichier annoncé ici n’est pas dans le document.".to_owned(),
        Err(_) => "Le fichier joint ici est abîmé et ne peut pas être lu.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_said_in_french() {
        let say = |text| date(&HlTime::parse(text).unwrap());
        assert_eq!(
            say("20260112094914+0100"),
            "12\u{a0}janvier 2026 à 9\u{a0}h\u{a0}49"
        );
        assert_eq!(
            say("20260801000500+0200"),
            "1er\u{a0}août 2026 à 0\u{a0}h\u{a0}05"
        );
        assert_eq!(
            say("20260112094914-0400"),
            "12\u{a0}janvier 2026 à 9\u{a0}h\u{a0}49 (UTC−4)"
        );
        assert_eq!(say("195307"), "juillet 1953");
        assert_eq!(say("1953"), "1953");
    }

    #[test]
    fn sizes_are_said_in_french() {
        assert_eq!(size(812), "812\u{a0}octets");
        assert_eq!(size(164_400), "164\u{a0}Ko");
        assert_eq!(size(1_250_000), "1,3\u{a0}Mo");
    }

    #[test]
    fn a_matricule_is_read_in_groups() {
        assert_eq!(
            grouped("279035121518989").replace('\u{a0}', " "),
            "2 79 03 51 215 189 89"
        );
        assert_eq!(grouped("12é456789012345"), "12é456789012345");
    }
}
