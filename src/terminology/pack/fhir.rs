//! Packs as the ANS publishes its value sets: FHIR `ValueSet`s, one or a `Bundle` of them.
//!
//! Only what makes a set is read: its OID among the identifiers, its version (a day and an hour), and the codes that
//! `compose` lists one by one. A set that is defined otherwise (a whole system, a filter, other sets) cannot be taken
//! up without a terminology server, and is refused rather than taken for a shorter one; so is a system whose OID is
//! not known here.

use serde::Deserialize;

use super::{ConceptRecord, PackError, PackRecord, SetRecord, fault};
use crate::json;
use crate::terminology::{Day, system};

/// Systems that are not of the ANS, and what the DMP calls them.
const SYSTEMS: &[(&str, &str)] = &[
    ("http://loinc.org", system::LOINC),
    (
        "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
        system::HL7_CONFIDENTIALITY,
    ),
    (
        "http://terminology.hl7.org/CodeSystem/v3-ParticipationFunction",
        system::HL7_PARTICIPATION_FUNCTION,
    ),
    (
        "http://terminology.hl7.org/CodeSystem/v3-RoleCode",
        system::HL7_ROLE_CODE,
    ),
];

/// Systems of the ANS, by the number in their address (`…/NOS/TRE_A05-TypeDocComplementaire/FHIR/…`).
const TRE: &[(&str, &str)] = &[
    ("TRE_A00", system::TRE_A00),
    ("TRE_A01", system::TRE_A01),
    ("TRE_A02", system::TRE_A02),
    ("TRE_A03", system::TRE_A03),
    ("TRE_A04", system::LOINC),
    ("TRE_A05", system::TRE_A05),
    ("TRE_A06", system::TRE_A06),
    ("TRE_A07", system::TRE_A07),
    ("TRE_A08", system::HL7_CONFIDENTIALITY),
    ("TRE_A09", system::DICOM),
    ("TRE_A10", system::URN),
    ("TRE_A11", system::IHE_FORMAT),
    ("TRE_A12", system::ASTM),
    ("TRE_G05", system::TRE_G05),
    ("TRE_G15", system::TRE_G15),
    ("TRE_G16", system::TRE_G16),
    ("TRE_R01", system::TRE_R01),
    ("TRE_R02", system::TRE_R02),
    ("TRE_R21", system::TRE_R21),
    ("TRE_R22", system::TRE_R22),
    ("TRE_R38", system::TRE_R38),
    ("TRE_R85", system::TRE_R85),
    ("TRE_R94", system::TRE_R94),
    ("TRE_R95", system::TRE_R95),
    ("TRE_R209", system::TRE_R209),
    ("TRE_R248", system::TRE_R248),
    ("TRE_R271", system::TRE_R271),
    ("TRE_R276", system::TRE_R276),
    ("TRE_R291", system::TRE_R291),
    ("TRE_R342", system::TRE_R342),
];

/// What tells a FHIR resource from a pack of our own.
#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "resourceType")]
    resource_type: Option<String>,
}

#[derive(Deserialize)]
struct Bundle {
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    resource: Resource,
}

#[derive(Deserialize)]
struct Resource {
    #[serde(rename = "resourceType")]
    resource_type: String,
    url: String,
    #[serde(default)]
    identifier: Vec<Identifier>,
    version: String,
    name: String,
    compose: Compose,
}

#[derive(Deserialize)]
struct Identifier {
    value: String,
}

#[derive(Deserialize)]
struct Compose {
    include: Vec<Include>,
    #[serde(default)]
    exclude: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Include {
    system: Option<String>,
    #[serde(default)]
    concept: Vec<Code>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
    display: Option<String>,
}

/// The pack that a FHIR resource stands for; `None` when the text is no FHIR resource.
pub(super) fn record(text: &str) -> Result<Option<PackRecord>, PackError> {
    let read = |kind: Option<String>| match kind.as_deref() {
        Some("ValueSet") => Ok(vec![json::read::<Resource>(text, "pack")?]),
        Some("Bundle") => {
            let bundle: Bundle = json::read(text, "pack")?;
            Ok(bundle.entry.into_iter().map(|e| e.resource).collect())
        }
        _ => Err("pack: is a FHIR resource, but no ValueSet and no Bundle".to_owned()),
    };
    // Whatever is wrong with a text that is no FHIR resource is told by the reader of packs.
    let Ok(Kind {
        resource_type: kind @ Some(_),
    }) = serde_json::from_str(text)
    else {
        return Ok(None);
    };
    let alone = kind.as_deref() == Some("ValueSet");
    let resources: Vec<Resource> = read(kind).map_err(PackError::Form)?;
    let sets = resources.into_iter().enumerate();
    let sets: Result<Vec<SetRecord>, PackError> = sets
        .map(|(index, resource)| match alone {
            true => set("pack", resource),
            false => set(&format!("pack.entry[{index}].resource"), resource),
        })
        .collect();
    Ok(Some(PackRecord {
        sets: sets?,
        correspondences: Vec::new(),
    }))
}

fn set(place: &str, resource: Resource) -> Result<SetRecord, PackError> {
    let wrong = |member: &str, rule| fault(&format!("{place}.{member}"), rule);
    if resource.resource_type != "ValueSet" {
        return Err(wrong("resourceType", "is not ValueSet"));
    }
    let mut oids = resource.identifier.iter();
    let oid = oids
        .find_map(|i| i.value.strip_prefix("urn:oid:"))
        .ok_or_else(|| wrong("identifier", "holds no OID"))?;
    // A day and an hour.
    let version = resource.version.get(..8).and_then(Day::parse);
    let version = version.ok_or_else(|| wrong("version", "does not begin with a day"))?;
    if !resource.compose.exclude.is_empty() {
        return Err(wrong("compose.exclude", "is not read"));
    }
    let mut concepts = Vec::new();
    for include in &resource.compose.include {
        let rule = "lists no codes: only lists are read";
        if include.concept.is_empty() {
            return Err(wrong("compose.include", rule));
        }
        let system = include.system.as_deref().and_then(oid_of);
        let system = system.ok_or_else(|| wrong("compose.include.system", "is not known"))?;
        concepts.extend(include.concept.iter().map(|c| ConceptRecord {
            system: system.clone(),
            code: c.code.clone(),
            label: c.display.clone().unwrap_or_default(),
            since: None,
            until: None,
        }));
    }
    Ok(SetRecord {
        name: nos_name(&resource.url).unwrap_or(&resource.name).to_owned(),
        oid: oid.to_owned(),
        version,
        source: resource.url.clone(),
        concepts,
    })
}

/// `JDV_J66-TypeCode-DMP`, from the address of a nomenclature of the ANS.
fn nos_name(url: &str) -> Option<&str> {
    url.split_once("/NOS/")?.1.split('/').next()
}

/// What the DMP calls a system of FHIR.
fn oid_of(url: &str) -> Option<String> {
    if let Some(oid) = url.strip_prefix("urn:oid:") {
        return Some(oid.to_owned());
    }
    let (table, fits): (_, fn(&str, &str) -> bool) = match nos_name(url) {
        Some(_) => (TRE, is_numbered),
        None => (SYSTEMS, |url, known| url == known),
    };
    let row = table
        .iter()
        .find(|(known, _)| fits(nos_name(url).unwrap_or(url), known));
    row.map(|(_, oid)| (*oid).to_owned())
}

/// Whether a nomenclature bears this number: its name follows, after a hyphen most often.
fn is_numbered(name: &str, number: &str) -> bool {
    let rest = name.strip_prefix(number);
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
}
