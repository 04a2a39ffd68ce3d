//! The answers, as a client reads them.

use std::io::BufRead;

use super::node::Node;
use super::query::sex_of;
use super::{HL7, Id, NO_USED_NAME, time};
use crate::dmp::protocol::fault::{Failure, Fault, Origin};
use crate::dmp::protocol::xml::{Element, Reader, XmlError};
use crate::dossier::{
    AdministrativeData, Authorisation, Candidate, Closing, DossierState, Existence,
    LegalRepresentative, PersonToNotify,
};
use crate::error::DmpSeverity;
use crate::identity::{IdentityTraits, Ins, PsIdNat};

/// An answer that accepts: its root, its control act, and whether something was found.
struct Accepted {
    root: Node,
    found: bool,
}

impl Accepted {
    fn act(&self) -> Option<&Node> {
        self.root.first("controlActProcess")
    }

    /// The patients of its subjects.
    fn patients(&self) -> impl Iterator<Item = &Node> {
        self.act()
            .into_iter()
            .flat_map(|act| act.all("subject"))
            .filter_map(|s| s.at(&["registrationEvent", "subject1", "patient"]))
    }
}

/// Reads an answer whose start was just read. An acknowledgement other than AA refuses.
fn accepted<R: BufRead>(
    reader: &mut Reader<R>,
    start: &Element,
    name: &'static str,
    request: &Id,
) -> Result<Accepted, Failure> {
    // A rejection may come in another interaction than the answer's (PRPA_IN201316UV02, MCCI_IN000002UV01).
    if start.namespace != HL7 {
        return Err(XmlError::Unexpected(name).into());
    }
    let root = Node::read(reader, start)?;
    let acknowledgement = root
        .first("acknowledgement")
        .ok_or(XmlError::Unexpected("acknowledgement"))?;
    let kind = acknowledgement
        .attribute("typeCode")
        .or_else(|| acknowledgement.first("typeCode")?.attribute("code"))
        .unwrap_or_default();
    if !matches!(kind, "AA" | "CA") {
        return Err(refused(acknowledgement, kind).into());
    }
    if !root.element.is(HL7, name) {
        return Err(XmlError::Unexpected(name).into());
    }
    let target = acknowledgement.at(&["targetMessage", "id"]).map(Node::id);
    // Absent, RelatesTo has said it already.
    if target.is_some_and(|id| id != *request) {
        return Err(XmlError::Unexpected("acknowledgement/targetMessage").into());
    }
    let code = root
        .at(&["controlActProcess", "queryAck", "queryResponseCode"])
        .and_then(|c| c.attribute("code"))
        .ok_or(XmlError::Unexpected("queryResponseCode"))?;
    let found = match code {
        "OK" => true,
        "NF" => false,
        _ => return Err(refused(acknowledgement, code).into()),
    };
    Ok(Accepted { root, found })
}

/// The refusal of an acknowledgement: its first detail that is an error, else its first, else its type.
fn refused(acknowledgement: &Node, kind: &str) -> Fault {
    let details = || acknowledgement.all("acknowledgementDetail");
    let severity = |detail: &Node| match detail.attribute("typeCode") {
        Some("W" | "I") => DmpSeverity::Warning,
        _ => DmpSeverity::Error,
    };
    let detail = details()
        .find(|d| severity(d) == DmpSeverity::Error)
        .or_else(|| details().next());
    let Some(detail) = detail else {
        return Fault::new(Origin::Hl7, kind, "").with_severity(DmpSeverity::Error);
    };
    let code = detail.first("code").and_then(|c| c.attribute("code"));
    let text = detail.first("text").and_then(Node::text).unwrap_or("");
    Fault::new(Origin::Hl7, code.unwrap_or(kind), text).with_severity(severity(detail))
}

/// What an answer about one patient says: his dossier, if there is one.
struct Dossier<'a> {
    patient: Option<&'a Node>,
    state: DossierState,
}

fn dossier<'a>(answer: &'a Accepted, ins: &Ins) -> Result<Dossier<'a>, XmlError> {
    if !answer.found {
        return Ok(Dossier {
            patient: None,
            state: DossierState::Nonexistent,
        });
    }
    let patient = answer
        .patients()
        .next()
        .ok_or(XmlError::Unexpected("patient"))?;
    // The dossier of another patient would be worse than none. Other identifiers (INS-C) stand beside.
    let ours = patient
        .all("id")
        .map(Node::id)
        .any(|id| id.root == ins.oid() && id.extension == ins.matricule());
    if !ours {
        return Err(XmlError::Unexpected("patient/id"));
    }
    let status = patient
        .first("statusCode")
        .and_then(|s| s.attribute("code"));
    let state = match status {
        Some("active") => DossierState::Active,
        Some("terminated") => DossierState::Closed(closing(answer, patient)),
        _ => return Err(XmlError::Unexpected("patient/statusCode")),
    };
    Ok(Dossier {
        patient: Some(patient),
        state,
    })
}

fn closing(answer: &Accepted, patient: &Node) -> Closing {
    let event = answer
        .act()
        .and_then(|act| act.at(&["reasonOf", "detectedIssueEvent"]));
    Closing {
        date: patient
            .at(&["effectiveTime", "high"])
            .and_then(|high| high.attribute("value"))
            .and_then(time::read),
        motif: event
            .and_then(|e| e.first("code")?.attribute("code"))
            .map(str::to_owned),
        reason: event
            .and_then(|e| e.first("text")?.text())
            .map(str::to_owned),
    }
}

/// The observations of a patient with a code.
fn observations<'a>(patient: Option<&'a Node>, code: &'a str) -> impl Iterator<Item = &'a Node> {
    patient
        .into_iter()
        .flat_map(|p| p.all("subjectOf").chain(p.all("subjectOf2")))
        .filter_map(|s| s.first("administrativeObservation"))
        .filter(move |o| o.first("code").and_then(|c| c.attribute("code")) == Some(code))
        .filter_map(|o| o.first("value"))
}

fn is_true(node: Option<&Node>) -> bool {
    matches!(node.and_then(|n| n.attribute("value")), Some("true" | "1"))
}

fn observed(patient: Option<&Node>, code: &str) -> bool {
    is_true(observations(patient, code).next())
}

/// The traits, if all that are compared are there: name, given name, birth date, sex.
///
/// The birth name is the family name qualified BR. Alone, a family name without BR is the birth name, even qualified
/// SP: so it is in the official answer to TD0.2, whose patient has that name as birth name (`L`) in the official
/// message TD2.1.
fn traits(patient: Option<&Node>) -> Option<IdentityTraits> {
    let person = patient?.first("patientPerson")?;
    let mut names = person.all("name");
    let name = names.next()?;
    let family = |wanted: &str| {
        person
            .all("name")
            .flat_map(|n| n.all("family"))
            .filter(|f| {
                let qualifier = f.attribute("qualifier").unwrap_or_default();
                qualifier.split_ascii_whitespace().any(|q| q == wanted)
                    || (wanted.is_empty() && qualifier.is_empty())
            })
            .filter_map(Node::text)
            .find(|text| *text != NO_USED_NAME)
    };
    let used = family("SP");
    let (birth_name, used_name) = match family("BR").or_else(|| family("")) {
        Some(birth) => (birth, used),
        None => (used?, None),
    };
    let given_names: Vec<String> = name
        .all("given")
        .filter_map(Node::text)
        .map(str::to_owned)
        .collect();
    let birth = person.first("birthTime")?.attribute("value")?;
    let birth_date: String = birth.chars().take(8).collect();
    let traits = IdentityTraits {
        birth_name: birth_name.to_owned(),
        given_names,
        birth_date,
        sex: person
            .first("administrativeGenderCode")?
            .attribute("code")
            .and_then(sex_of)?,
        birth_place: person
            .at(&["birthPlace", "addr", "county"])
            .and_then(Node::text)
            .map(str::to_owned),
        used_name: used_name.map(str::to_owned),
    };
    traits.fault().is_none().then_some(traits)
}

/// Reads the answer to TD0.2, whose start was just read. It must answer the message of identifier `request` and, when
/// a dossier exists, be that of `ins`. An authorisation that is absent is none; one unknown makes the answer
/// unreadable: it is not guessed.
pub fn read_existence<R: BufRead>(
    reader: &mut Reader<R>,
    start: &Element,
    ins: &Ins,
    request: &Id,
) -> Result<Existence, Failure> {
    let answer = accepted(reader, start, "PRPA_IN201308UV02", request)?;
    let dossier = dossier(&answer, ins)?;
    let line = |code: &str| {
        answer
            .root
            .all("attentionLine")
            .find(|l| l.first("keyWordText").and_then(|k| k.attribute("code")) == Some(code))
            .and_then(|l| l.first("value"))
    };
    let authorisation = match line("AUTORISATION").and_then(|v| v.attribute("code")) {
        Some("VALIDE") => Authorisation::Valide,
        Some("EXPIRE") => Authorisation::Expire,
        Some("INTERDIT") => Authorisation::Interdit,
        Some("NON_EXISTE") | None => Authorisation::NonExiste,
        Some(_) => return Err(XmlError::Unexpected("AUTORISATION").into()),
    };
    let patient = dossier.patient;
    Ok(Existence {
        attached_to_mes: observed(patient, "RATTACHEMENT_ENS"),
        authorisation,
        authorised_until: line("FIN_AUTORISATION")
            .and_then(|v| v.attribute("value"))
            .and_then(time::read),
        medecin_traitant: is_true(line("STATUT_MT")),
        opposition_bris_de_glace: observed(patient, "OPPOSITION_BRIS_DE_GLACE"),
        opposition_centre_15: observed(patient, "OPPOSITION_ACCES_URGENCE"),
        traits: traits(patient),
        state: dossier.state,
    })
}

/// The first telephone of a relation, else its first address of any kind.
fn contact(holder: &Node) -> Option<String> {
    let values = || holder.all("telecom").filter_map(|t| t.attribute("value"));
    let value = values()
        .find(|v| v.get(..4).is_some_and(|s| s.eq_ignore_ascii_case("tel:")))
        .or_else(|| values().next())?;
    let bare = value
        .split_once(':')
        .filter(|(scheme, _)| {
            scheme.eq_ignore_ascii_case("tel") || scheme.eq_ignore_ascii_case("mailto")
        })
        .map_or(value, |(_, rest)| rest);
    Some(crate::dmp::protocol::mtom::percent_decoded(bare))
}

/// Given and family name of a person.
fn name_of(holder: Option<&Node>) -> (String, String) {
    let part = |part: &str| {
        holder
            .and_then(|h| h.at(&["name", part])?.text())
            .unwrap_or_default()
            .to_owned()
    };
    (part("given"), part("family"))
}

/// Reads the answer to TD1.3a, whose start was just read, under the conditions of [`read_existence`].
pub fn read_administrative<R: BufRead>(
    reader: &mut Reader<R>,
    start: &Element,
    ins: &Ins,
    request: &Id,
) -> Result<AdministrativeData, Failure> {
    let answer = accepted(reader, start, "PRPA_IN201308UV02", request)?;
    let dossier = dossier(&answer, ins)?;
    let patient = dossier.patient;
    let person = patient.and_then(|p| p.first("patientPerson"));
    let of_person = |name: &'static str| person.into_iter().flat_map(move |p| p.all(name));
    let representatives = of_person("personalRelationship")
        .map(|r| {
            let (given, family) = name_of(r.first("relationshipHolder1"));
            LegalRepresentative {
                family,
                given,
                relation: r
                    .first("code")
                    .and_then(|c| c.attribute("code"))
                    .unwrap_or_default()
                    .to_owned(),
                contact: contact(r),
            }
        })
        .collect();
    let to_notify = of_person("contactParty")
        .map(|c| {
            let (given, family) = name_of(c.first("contactPerson"));
            PersonToNotify {
                family,
                given,
                contact: contact(c),
            }
        })
        .collect();
    Ok(AdministrativeData {
        attached_to_mes: observed(patient, "RATTACHEMENT_ENS"),
        opposition_bris_de_glace: observed(patient, "OPPOSITION_BRIS_DE_GLACE"),
        opposition_centre_15: observed(patient, "OPPOSITION_ACCES_URGENCE"),
        representatives,
        to_notify,
        medecins_traitants: observations(patient, "MEDECIN_TRAITANT")
            .filter_map(|v| PsIdNat::new(v.attribute("extension")?).ok())
            .collect(),
        state: dossier.state,
    })
}

/// Reads the answer to TD0.5, whose start was just read. A candidate without a valid INS is left out: nothing can be
/// done with it; one without a score has 0. The traits beside are not kept.
pub fn read_candidates<R: BufRead>(
    reader: &mut Reader<R>,
    start: &Element,
    request: &Id,
) -> Result<Vec<Candidate>, Failure> {
    let answer = accepted(reader, start, "PRPA_IN201306UV02", request)?;
    if !answer.found {
        return Ok(Vec::new());
    }
    let candidates = answer.patients().filter_map(|patient| {
        let ins = patient
            .all("id")
            .map(Node::id)
            .find_map(|id| Ins::new(&id.extension, &id.root).ok())?;
        let score = patient
            .all("subjectOf1")
            .filter_map(|s| {
                s.at(&["queryMatchObservation", "value"])?
                    .attribute("value")
            })
            .find_map(|v| v.parse::<u8>().ok())
            .unwrap_or(0);
        Some(Candidate {
            ins,
            score: score.min(100),
            opposition_centre_15: observed(Some(patient), "OPPOSITION_ACCES_URGENCE"),
        })
    });
    Ok(candidates.collect())
}
