//! The answers, as a server writes them.

use super::query::{head, ii, reason_code, search_parameters, sex_code};
use super::{
    Asked, DMP_DEVICE, Id, NO_USED_NAME, OBSERVATIONS, OURS, Reply, SearchQuery, XSI, time,
};
use crate::dmp::protocol::fault::Fault;
use crate::dmp::protocol::soap::Transaction;
use crate::dmp::protocol::xml::Writer;
use crate::dossier::{
    AdministrativeData, Authorisation, Candidate, DossierState, Existence, LegalRepresentative,
    PersonToNotify,
};
use crate::error::DmpSeverity;
use crate::identity::{IdentityTraits, Ins};

/// The beginning of an answer, up to its sender.
fn begin(name: &str, reply: &Reply<'_>) -> Writer {
    let mut x = Writer::new();
    let id = Id {
        root: reply.id.to_owned(),
        extension: String::new(),
    };
    let to = (reply.to.device.as_str(), reply.to.software.as_str());
    head(&mut x, name, &id, reply.at, true, (to, (DMP_DEVICE, "DMP")));
    x
}

/// A value of a type, as an element whose type the schema leaves open.
fn value(x: &mut Writer, kind: &str, attributes: &[(&str, &str)]) {
    let mut all = vec![("xmlns:xsi", XSI)];
    all.extend_from_slice(attributes);
    all.push(("xsi:type", kind));
    x.empty("value", &all);
}

fn bl(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// `acknowledgement`: in the schemas of 2008 its type is an element, in those of 2009 an attribute.
fn acknowledgement(
    x: &mut Writer,
    reply: &Reply<'_>,
    kind: &str,
    old: bool,
    fault: Option<&Fault>,
) {
    if old {
        x.open("acknowledgement", &[]);
        x.empty("typeCode", &[("code", kind)]);
    } else {
        x.open("acknowledgement", &[("typeCode", kind)]);
    }
    x.open("targetMessage", &[]);
    ii(x, "id", &reply.to.id);
    x.close();
    if let Some(fault) = fault {
        let severity = match fault.severity() {
            Some(DmpSeverity::Warning) => "W",
            _ => "E",
        };
        x.open("acknowledgementDetail", &[("typeCode", severity)]);
        x.empty("code", &[("code", fault.code())]);
        x.leaf("text", &[], fault.context()).close();
    }
    x.close();
}

/// `subject/registrationEvent/subject1`, open, and the patient in it with his identifier and status.
fn patient(x: &mut Writer, event: &str, ins: &Ins, state: &DossierState) {
    let subject = [("contextConductionInd", "false"), ("typeCode", "SUBJ")];
    x.open("subject", &subject);
    let act = [("classCode", "REG"), ("moodCode", "EVN")];
    x.open("registrationEvent", &act);
    x.empty("statusCode", &[("code", event)]);
    x.open("subject1", &[("typeCode", "SBJ")]);
    x.open("patient", &[("classCode", "PAT")]);
    let id = [("extension", ins.matricule()), ("root", ins.oid())];
    x.empty("id", &id);
    match state {
        DossierState::Closed(closing) => {
            x.empty("statusCode", &[("code", "terminated")]);
            if let Some(date) = closing.date {
                x.open("effectiveTime", &[]);
                x.empty("high", &[("value", &time::exact(date))]).close();
            }
        }
        _ => {
            x.empty("statusCode", &[("code", "active")]);
        }
    }
}

/// Ends what [`patient`] began.
fn end_patient(x: &mut Writer) {
    x.close().close();
    x.open("custodian", &[("typeCode", "CST")]);
    x.open("assignedEntity", &[("classCode", "ASSIGNED")]);
    x.empty("id", &[("root", DMP_DEVICE)]).close().close();
    x.close().close();
}

/// `name` and what the INS says, as far as `patientPerson` has them in this order. `between` writes what stands
/// before `birthPlace`.
fn person(x: &mut Writer, traits: Option<&IdentityTraits>, between: impl FnOnce(&mut Writer)) {
    let person = [("classCode", "PSN"), ("determinerCode", "INSTANCE")];
    x.open("patientPerson", &person);
    match traits {
        // A name is required by the schema.
        None => {
            x.empty("name", &[("nullFlavor", "NI")]);
            between(x);
        }
        Some(traits) => {
            x.open("name", &[]);
            for given in &traits.given_names {
                x.leaf("given", &[], given);
            }
            let used = traits.used_name.as_deref().unwrap_or(NO_USED_NAME);
            x.leaf("family", &[("qualifier", "SP")], used);
            x.leaf("family", &[("qualifier", "BR")], &traits.birth_name);
            x.close();
            let sex = [("code", sex_code(traits.sex))];
            x.empty("administrativeGenderCode", &sex);
            x.empty("birthTime", &[("value", &traits.birth_date)]);
            between(x);
            if let Some(place) = &traits.birth_place {
                x.open("birthPlace", &[("classCode", "BIRTHPL")]);
                x.open("addr", &[]).leaf("county", &[], place);
                x.close().close();
            }
        }
    }
    x.close();
}

/// An observation on the dossier.
fn observation(x: &mut Writer, code: &str, label: &str, of: impl FnOnce(&mut Writer)) {
    x.open("subjectOf", &[("typeCode", "SBJ")]);
    let act = [("classCode", "OBS"), ("moodCode", "EVN")];
    x.open("administrativeObservation", &act);
    if label.is_empty() {
        x.empty("code", &[("code", code), ("codeSystemName", OURS)]);
    } else {
        let code = [
            ("code", code),
            ("codeSystem", OBSERVATIONS),
            ("displayName", label),
        ];
        x.empty("code", &code);
    }
    of(x);
    x.close().close();
}

/// The three observations that both answers of PRPA_IN201308UV02 carry here.
fn observations(x: &mut Writer, attached: bool, bris_de_glace: bool, centre_15: bool) {
    for (code, label, yes) in [
        (
            "RATTACHEMENT_ENS",
            "information de rattachement du DMP à un ENS",
            attached,
        ),
        (
            "OPPOSITION_BRIS_DE_GLACE",
            "opposition au mode bris de glace",
            bris_de_glace,
        ),
        (
            "OPPOSITION_ACCES_URGENCE",
            "opposition à l'accès au mode urgence",
            centre_15,
        ),
    ] {
        observation(x, code, label, |x| value(x, "BL", &[("value", bl(yes))]));
    }
}

/// `reasonOf`: why a dossier was closed.
fn closing(x: &mut Writer, state: &DossierState) {
    let DossierState::Closed(closing) = state else {
        return;
    };
    if closing.motif.is_none() && closing.reason.is_none() {
        return;
    }
    x.open("reasonOf", &[("typeCode", "RSON")]);
    let act = [("classCode", "ALRT"), ("moodCode", "EVN")];
    x.open("detectedIssueEvent", &act);
    match &closing.motif {
        Some(motif) => {
            let code = [
                ("code", motif.as_str()),
                ("codeSystem", "1.2.250.1.213.4.1.2.4"),
            ];
            x.empty("code", &code);
        }
        None => {
            x.empty("code", &[("nullFlavor", "NI")]);
        }
    }
    if let Some(reason) = &closing.reason {
        x.leaf("text", &[], reason);
    }
    x.close().close();
}

/// `queryAck`, in which `OK` is something found, `NF` nothing, `AE` an error.
fn query_ack(x: &mut Writer, query: &Id, code: &str, found: Option<usize>) {
    x.open("queryAck", &[]);
    ii(x, "queryId", query);
    x.empty("queryResponseCode", &[("code", code)]);
    if let Some(found) = found {
        let found = found.to_string();
        x.empty("resultTotalQuantity", &[("value", &found)]);
        x.empty("resultCurrentQuantity", &[("value", &found)]);
        x.empty("resultRemainingQuantity", &[("value", "0")]);
    }
    x.close();
}

/// `keyWordText` and `value` of an `attentionLine`.
fn attention(x: &mut Writer, code: &str, system: &str, of: impl FnOnce(&mut Writer)) {
    x.open("attentionLine", &[]);
    if system == OURS {
        x.empty("keyWordText", &[("code", code), ("codeSystemName", OURS)]);
    } else {
        x.empty("keyWordText", &[("code", code), ("codeSystem", system)]);
    }
    of(x);
    x.close();
}

/// The answer to TD0.2. A dossier that does not exist is an answer, code NF, without a subject.
pub fn existence_answer(reply: &Reply<'_>, ins: &Ins, existence: &Existence) -> String {
    let mut x = begin("PRPA_IN201308UV02", reply);
    let authorisation = match existence.authorisation {
        Authorisation::Valide => "VALIDE",
        Authorisation::Expire => "EXPIRE",
        Authorisation::Interdit => "INTERDIT",
        Authorisation::NonExiste => "NON_EXISTE",
    };
    attention(&mut x, "AUTORISATION", "1.2.250.1.213.4.1.2.6.1", |x| {
        let code = [
            ("code", authorisation),
            ("codeSystem", "1.2.250.1.213.4.1.2.6.2"),
        ];
        value(x, "CV", &code);
    });
    attention(&mut x, "STATUT_MT", "1.2.250.1.213.4.1.2.6.3", |x| {
        value(x, "BL", &[("value", bl(existence.medecin_traitant))]);
    });
    if let Some(until) = existence.authorised_until {
        attention(&mut x, "FIN_AUTORISATION", OURS, |x| {
            value(x, "TS", &[("value", &time::exact(until))]);
        });
    }
    acknowledgement(&mut x, reply, "AA", false, None);
    let act = [("classCode", "CACT"), ("moodCode", "EVN")];
    x.open("controlActProcess", &act);
    reason_code(&mut x, Asked::Existence);
    let exists = existence.state != DossierState::Nonexistent;
    if exists {
        patient(&mut x, "completed", ins, &existence.state);
        person(&mut x, existence.traits.as_ref(), |_| {});
        observations(
            &mut x,
            existence.attached_to_mes,
            existence.opposition_bris_de_glace,
            existence.opposition_centre_15,
        );
        end_patient(&mut x);
        closing(&mut x, &existence.state);
    }
    let code = if exists { "OK" } else { "NF" };
    query_ack(&mut x, &reply.to.query, code, None);
    x.finish()
}

/// A telephone or e-mail as a TEL: its scheme, and what a URL cannot hold in percent form.
fn telecom(x: &mut Writer, contact: &str) {
    let scheme = if contact.contains('@') {
        "mailto:"
    } else {
        "tel:"
    };
    let mut url = scheme.to_owned();
    for byte in contact.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@+".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    x.empty("telecom", &[("value", &url)]);
}

fn representative(x: &mut Writer, representative: &LegalRepresentative) {
    x.open("personalRelationship", &[("classCode", "PRS")]);
    let code = [
        ("code", representative.relation.as_str()),
        ("codeSystem", "2.16.840.1.113883.1.11.19579"),
    ];
    x.empty("code", &code);
    if let Some(contact) = &representative.contact {
        telecom(x, contact);
    }
    let person = [("classCode", "PSN"), ("determinerCode", "INSTANCE")];
    x.open("relationshipHolder1", &person).open("name", &[]);
    x.leaf("given", &[], &representative.given);
    x.leaf("family", &[], &representative.family);
    x.close().close().close();
}

fn to_notify(x: &mut Writer, person: &PersonToNotify) {
    x.open("contactParty", &[("classCode", "CON")]);
    match &person.contact {
        Some(contact) => telecom(x, contact),
        // Required by the schema.
        None => {
            x.empty("telecom", &[("nullFlavor", "NI")]);
        }
    }
    let holder = [("classCode", "PSN"), ("determinerCode", "INSTANCE")];
    x.open("contactPerson", &holder).open("name", &[]);
    x.leaf("given", &[], &person.given);
    x.leaf("family", &[], &person.family);
    x.close().close().close();
}

/// The answer to TD1.3a. `traits` are those of the dossier, for the schema asks for a name; they are not part of what
/// the client keeps of this answer.
pub fn administrative_answer(
    reply: &Reply<'_>,
    ins: &Ins,
    data: &AdministrativeData,
    traits: Option<&IdentityTraits>,
) -> String {
    let mut x = begin("PRPA_IN201308UV02", reply);
    acknowledgement(&mut x, reply, "AA", false, None);
    let act = [("classCode", "CACT"), ("moodCode", "EVN")];
    x.open("controlActProcess", &act);
    reason_code(&mut x, Asked::Administrative);
    let exists = data.state != DossierState::Nonexistent;
    if exists {
        patient(&mut x, "completed", ins, &data.state);
        person(&mut x, traits, |x| {
            data.to_notify.iter().for_each(|p| to_notify(x, p));
            data.representatives
                .iter()
                .for_each(|r| representative(x, r));
        });
        observations(
            &mut x,
            data.attached_to_mes,
            data.opposition_bris_de_glace,
            data.opposition_centre_15,
        );
        for id in &data.medecins_traitants {
            observation(&mut x, "MEDECIN_TRAITANT", "", |x| {
                let id = [
                    ("extension", id.as_str()),
                    ("root", crate::identity::professional::PS_ID_NAT_OID),
                ];
                value(x, "II", &id);
            });
        }
        end_patient(&mut x);
        closing(&mut x, &data.state);
    }
    let code = if exists { "OK" } else { "NF" };
    query_ack(&mut x, &reply.to.query, code, None);
    x.finish()
}

/// The answer to TD0.5. The traits of the candidates are not sent: nobody may see them (RG_0320).
///
/// As the official message, but for `administrativeObservation` and what holds it, which have the classes that the
/// schema requires and the official message lacks, and for the trigger's `code`, whose type is not restricted to CS:
/// the schema then refuses its codeSystem.
pub fn candidates_answer(
    reply: &Reply<'_>,
    query: &SearchQuery,
    candidates: &[Candidate],
) -> String {
    let mut x = begin("PRPA_IN201306UV02", reply);
    acknowledgement(&mut x, reply, "AA", true, None);
    search_trigger(&mut x);
    for candidate in candidates {
        patient(&mut x, "active", &candidate.ins, &DossierState::Active);
        person(&mut x, None, |_| {});
        x.open("subjectOf1", &[("typeCode", "SBJ")]);
        let act = [("classCode", "COND"), ("moodCode", "EVN")];
        x.open("queryMatchObservation", &act);
        let code = [
            ("xmlns:xsi", XSI),
            ("code", "POURCENTAGE"),
            ("xsi:type", "CS"),
        ];
        x.empty("code", &code);
        value(&mut x, "INT", &[("value", &candidate.score.to_string())]);
        x.close().close();
        x.open("subjectOf2", &[("typeCode", "SBJ")]);
        let act = [("classCode", "OBS"), ("moodCode", "EVN")];
        x.open("administrativeObservation", &act);
        let code = [
            ("code", "OPPOSITION_ACCES_URGENCE"),
            ("codeSystem", OBSERVATIONS),
            ("displayName", "opposition au mode Urgence"),
        ];
        x.empty("code", &code);
        let opposed = bl(candidate.opposition_centre_15);
        value(&mut x, "BL", &[("value", opposed)]);
        x.close().close();
        end_patient(&mut x);
    }
    let code = if candidates.is_empty() { "NF" } else { "OK" };
    query_ack(&mut x, &reply.to.query, code, Some(candidates.len()));
    search_parameters(&mut x, &reply.to.query, &query.search);
    x.finish()
}

fn search_trigger(x: &mut Writer) {
    let act = [("classCode", "CACT"), ("moodCode", "EVN")];
    x.open("controlActProcess", &act);
    let trigger = [
        ("code", "PRPA_TE201306UV02"),
        ("codeSystem", "2.16.840.1.113883.1.6"),
    ];
    x.empty("code", &trigger);
}

/// The answer of TD0.2, TD1.3a or TD0.5 that refuses: acknowledgement AE with the code, nothing found. Any other
/// transaction is answered as TD0.2: none other is HL7.
pub fn refusal_answer(transaction: Transaction, reply: &Reply<'_>, fault: &Fault) -> String {
    let old = transaction == Transaction::Td05;
    let name = if old {
        "PRPA_IN201306UV02"
    } else {
        "PRPA_IN201308UV02"
    };
    let mut x = begin(name, reply);
    acknowledgement(&mut x, reply, "AE", old, Some(fault));
    if old {
        search_trigger(&mut x);
    } else {
        let act = [("classCode", "CACT"), ("moodCode", "EVN")];
        x.open("controlActProcess", &act);
        let asked = if transaction == Transaction::Td13a {
            Asked::Administrative
        } else {
            Asked::Existence
        };
        reason_code(&mut x, asked);
    }
    query_ack(&mut x, &reply.to.query, "AE", None);
    x.finish()
}
