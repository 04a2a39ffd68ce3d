//! A day in a practice, in Rust, on the embedded DMP: the story of `examples/c/cabinet.c`.
//!
//! ```sh
//! cargo run --example cabinet
//! ```
//!
//! What it prints is in French: it is what a person would read.

use std::error::Error;

use dmpkit::cda::render::WantedForm;
use dmpkit::cda::write::Replaced;
use dmpkit::clock::Instant;
use dmpkit::connector::access::Relation;
use dmpkit::connector::config::{AuthorisationPolicy, Backend, Domain, EmbeddedConfig};
use dmpkit::connector::consent::ConsentRequest;
use dmpkit::connector::dispatch::DispatchRequest;
use dmpkit::connector::feed::FeedOptions;
use dmpkit::connector::outbox::{OutboxFilter, OutboxRequest};
use dmpkit::connector::oversight::JournalFilter;
use dmpkit::connector::prepare::WrapAnswer;
use dmpkit::connector::render::DocumentRenderRequest;
use dmpkit::connector::session::PatientRecord;
use dmpkit::connector::{Access, AccessRequest, Config, Connector, Session};
use dmpkit::dmp::embedded::holder::{HolderAction, HolderAnswer, Side};
use dmpkit::dmp::{Criteria, Requester, Software, VisibilityChange};
use dmpkit::document::Oid;
use dmpkit::dossier::{AuthorisationChange, Settings};
use dmpkit::identity::{
    IdentityStatus, IdentityTraits, Ins, Professional, PsIdNat, Sex, StructIdNat, Structure,
};
use dmpkit::rules::consent::{ConsentKind, Means, NewConsent};
use dmpkit::rules::{Authentication, Capacity, Mode, Parameters};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn connector(folder: &std::path::Path, register: &str) -> Outcome<Connector> {
    let path = |name: &str| folder.join(name).display().to_string();
    Ok(Connector::open(Config {
        register: path(register),
        software: Software {
            name: "Cabinet".into(),
            version: "1.0".into(),
            homologation: "DEMO".into(),
            oid: Oid::new("1.2.250.1.999.1")?,
        },
        dmp: Backend::Embedded(EmbeddedConfig {
            path: path("dmp.db"),
            habilitation: None,
        }),
        clock: Some(Instant::parse("2026-01-12T09:00:00Z")?),
        authorisation: AuthorisationPolicy::Explicit,
        domain: Some(Domain::Test),
        parameters: Parameters::default(),
        offline: None,
        terminology: None,
    })?)
}

fn requester(
    id: &str,
    name: (&str, &str),
    profession: (&str, Option<&str>),
    structure: (&str, &str, &str),
) -> Outcome<Requester> {
    Ok(Requester {
        professional: Some(Professional {
            id: PsIdNat::new(id)?,
            given: name.0.into(),
            family: name.1.into(),
            profession: Some(profession.0.into()),
            specialty: profession.1.map(str::to_owned),
            role: None,
        }),
        structure: Structure {
            id: StructIdNat::new(structure.0)?,
            name: structure.1.into(),
            sector: structure.2.into(),
        },
        authentication: Authentication::Cps,
        capacity: Capacity::Care,
        secret: false,
    })
}

fn request(patient: Ins, mode: Mode, reason: Option<&str>) -> AccessRequest {
    AccessRequest {
        patient,
        mode,
        relation: Relation::CareTeam,
        reason: reason.map(str::to_owned),
        minutes: Some(30),
        offline: false,
    }
}

/// Prints why something was refused, and what would change it, as a doctor would read it.
fn print_refusal<T>(result: dmpkit::error::Result<T>) -> Outcome<()> {
    let Err(error) = result else {
        return Err("ceci aurait dû être refusé".into());
    };
    let refusal = error.refusal().ok_or("une erreur n'est pas un refus")?;
    println!("    refusé : {}", refusal.explanation.sentence);
    for remedy in &refusal.explanation.remedies {
        println!("      → {}", remedy.text);
    }
    Ok(())
}

/// Lists what this professional sees.
fn list(access: &Access) -> Outcome<()> {
    let answer = access.find(&Criteria::default())?;
    println!("  {} document(s)", answer.documents.len());
    for found in answer.documents {
        println!("    • {}", found.entry.metadata.parse()?.title);
        for warning in found.warnings {
            println!("      ⚠ {warning}");
        }
    }
    Ok(())
}

/// What surrounds a prescription; patient, author and structure are taken from the access.
fn context(made_at: &str, begun: &str, title: &str) -> serde_json::Value {
    serde_json::json!({
        "type": {"code": "57833-6"}, "title": title, "effectiveTime": made_at,
        "service": {"start": begun, "stop": "2026-01-12T09:45:00+01:00"},
        "practiceSetting": {"code": "AMBULATOIRE"},
    })
}

/// Shows what this professional handed over, and what became of it.
fn outbox(session: &Session) -> Outcome<()> {
    for item in session.outbox(&OutboxFilter::default())?.items {
        println!("  envoi n° {}  {}", item.id, item.text);
    }
    Ok(())
}

/// Makes a document of a PDF with what the access knows, checks it, feeds it.
fn prescribe(
    access: &Access,
    pdf: &[u8],
    made_at: &str,
    replaces: Option<&WrapAnswer>,
) -> Outcome<WrapAnswer> {
    let replaced = replaces.map(|version| Replaced {
        unique_id: version.unique_id.clone(),
        set_id: Some(version.set_id.clone()),
        version_number: Some(version.version_number),
    });
    let mut around = context(made_at, "2026-01-12T09:30:00+01:00", "Ordonnance");
    around["replaces"] = serde_json::to_value(replaced)?;
    let context = serde_json::from_value(around)?;
    let (document, answer) = access.wrap(pdf, &context)?;
    println!(
        "  document {}, version {}",
        answer.unique_id, answer.version_number
    );
    let options = FeedOptions {
        replaces: replaces.map(|version| version.unique_id.clone()),
        ..FeedOptions::default()
    };
    let checked = access.check(&document, &options)?;
    println!(
        "  vérifié : conforme {}, {} point(s) à revoir",
        checked.conforms,
        checked.findings.len()
    );
    access.feed(&document, &options)?;
    Ok(answer)
}

fn main() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let document = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/cr_consultation_pdf.xml"
    ))?;
    let document_id = Oid::new("1.2.250.1.999.1.1.2026.101")?;
    let patient = Ins::new("279035121518989", "1.2.250.1.213.1.4.10")?;
    let traits = IdentityTraits {
        birth_name: "TESSIER".into(),
        given_names: vec!["CAMILLE".into(), "ANNE".into(), "LOUISE".into()],
        birth_date: "19790315".into(),
        sex: Sex::F,
        birth_place: Some("51215".into()),
        used_name: Some("MOREL".into()),
    };
    let cabinet = ("499900987654001", "Cabinet du Dr Bastide", "SA07");
    let bastide = requester(
        "899900987654",
        ("Hélène", "BASTIDE"),
        ("10", Some("SM26")),
        cabinet,
    )?;
    let leroux = requester("899900112233", ("Yann", "LEROUX"), ("60", None), cabinet)?;
    let hospital = ("1510000029", "Centre hospitalier", "SA01");
    let nguyen = requester(
        "899900445566",
        ("Claire", "NGUYEN"),
        ("10", Some("SM54")),
        hospital,
    )?;

    println!("1. La CNAM a ouvert le DMP de Mme Morel ; le cabinet connaît la patiente.");
    let practice = connector(folder.path(), "cabinet.db")?;
    practice.holder_act(
        &HolderAction::OpenDossier {
            patient,
            traits: traits.clone(),
            attached_to_mes: Some(true),
            settings: Settings::default(),
            representatives: Vec::new(),
            to_notify: Vec::new(),
        },
        &[],
    )?;
    let doctor = practice.session(bastide)?;
    doctor.register_patient(&PatientRecord {
        patient,
        status: IdentityStatus::Qualifiee,
        traits,
    })?;

    println!("\n2. La Dre Bastide ouvre le dossier : rien ne peut encore être consulté.");
    let access = doctor.access(&request(patient, Mode::Normal, None))?;
    print_refusal(access.find(&Criteria::default()))?;

    println!(
        "\n3. La patiente, informée, est d'accord : un seul consentement pour l'équipe de soins."
    );
    doctor.record_consent(&ConsentRequest {
        patient,
        consent: NewConsent {
            kind: ConsentKind::CareTeam,
            grantee: None,
            document: None,
            means: Means::Oral,
            wording: "affiche 2026-1".into(),
            reason: None,
            expires_at: None,
        },
    })?;
    access.authorise(AuthorisationChange::Declare)?;
    list(&access)?;

    println!("\n4. Elle dépose son compte rendu.");
    let fed = access.feed(&document, &FeedOptions::default())?;
    println!("  reçu par le DMP : {}", fed.documents[0].receipt.unique_id);

    println!(
        "\n5. M. Leroux, infirmier du cabinet, le consulte : le même consentement vaut pour lui."
    );
    let nurse = practice.session(leroux)?;
    let visit = nurse.access(&request(patient, Mode::Normal, None))?;
    visit.authorise(AuthorisationChange::Declare)?;
    list(&visit)?;
    let (content, _) = visit.read(&document_id)?;
    println!(
        "  lu : {} octets, identiques : {}",
        content.len(),
        content == document
    );

    println!("\n6. La Dre Bastide imprime une ordonnance : le PDF devient un document du DMP.");
    let pdf = include_bytes!("c/ordonnance.pdf");
    let first = prescribe(&access, pdf, "2026-01-12T09:50:00+01:00", None)?;
    list(&access)?;

    println!("\n7. La dose était fausse : l'ordonnance rectifiée remplace la première.");
    let pdf = include_bytes!("c/ordonnance_rectifiee.pdf");
    let second = prescribe(&access, pdf, "2026-01-12T09:58:00+01:00", Some(&first))?;
    list(&access)?;

    println!("\n8. M. Leroux la lit à l'écran : le fichier d'abord, ou une page, ou du texte.");
    let mut shown = DocumentRenderRequest {
        unique_id: second.unique_id,
        form: WantedForm::Best,
        file: None,
    };
    let (file, answer) = visit.render(&shown)?;
    println!("  {} : {} octets", answer.rendered.form.label, file.len());
    shown.form = WantedForm::Text;
    let (text, _) = visit.render(&shown)?;
    for line in String::from_utf8(text)?.lines().take(9) {
        println!("  │ {line}");
    }

    println!(
        "\n9. Le réseau est coupé : elle confie un renouvellement à la boîte d'envoi, qui l'envoie plus tard."
    );
    let (made_at, begun) = ("2026-01-12T09:59:00+01:00", "2026-01-12T09:40:00+01:00");
    let context = serde_json::from_value(context(made_at, begun, "Renouvellement"))?;
    let (renewal, _) = access.wrap(include_bytes!("c/ordonnance.pdf"), &context)?;
    let handed_over = OutboxRequest {
        patient,
        options: FeedOptions::default(),
    };
    doctor.enqueue(&handed_over, &renewal)?;
    outbox(&doctor)?;
    // The host's own thread calls it, when it handed something over and when the answer's `next` says.
    practice.dispatch(&DispatchRequest::default(), &mut |progress| {
        println!(
            "  … {} envoyé(s), {} restant(s)",
            progress.sent, progress.left
        );
        true
    })?;
    outbox(&doctor)?;
    list(&access)?;

    println!("\n10. À la demande de la patiente, la Dre Bastide masque le compte rendu.");
    access.change_visibility(&document_id, VisibilityChange::Mask)?;
    list(&access)?;
    println!("  M. Leroux :");
    list(&visit)?;
    print_refusal(visit.read(&document_id))?;

    println!("\n11. La nuit, aux urgences de l'hôpital : bris de glace.");
    let urgences = connector(folder.path(), "hopital.db")?;
    urgences.set_time(Instant::parse("2026-01-13T02:30:00Z")?)?;
    let urgentist = urgences.session(nguyen)?;
    print_refusal(urgentist.access(&request(patient, Mode::BrisDeGlace, None)))?;
    let reason = "Patiente inconsciente, suspicion d'AVC";
    let emergency = urgentist.access(&request(patient, Mode::BrisDeGlace, Some(reason)))?;
    if let Some(banner) = emergency.banner() {
        println!("  bandeau : {}", banner.text);
    }
    list(&emergency)?;
    urgences.set_time(Instant::parse("2026-01-13T03:30:00Z")?)?;
    print_refusal(emergency.find(&Criteria::default()))?;

    println!("\n12. Dans Mon espace santé, la patiente lit ce qui s'est passé.");
    let answer = practice.holder_act(
        &HolderAction::Notifications {
            patient,
            side: Side::Holder,
            medecin_traitant: None,
        },
        &[],
    )?;
    if let HolderAnswer::Notifications { notifications } = answer {
        for notification in notifications {
            println!("    • {}", notification.text);
        }
    }

    println!("\n13. Le journal du cabinet.");
    for entry in practice.journal(&JournalFilter::default())?.entries {
        println!(
            "  {}  {}  {:<22} {}",
            entry.at, entry.actor, entry.action, entry.outcome
        );
    }
    let verification = practice.verify_journal()?;
    println!("  chaîne intacte : {}", verification.intact);
    Ok(())
}
