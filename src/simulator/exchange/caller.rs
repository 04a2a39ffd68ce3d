//! Who calls: every check of a VIHF, each with its result for the log.
//!
//! The same assertion may come with several requests: connectors keep theirs for a while. So its identifier is not
//! remembered; its age is limited instead.

use crate::clock::Instant;
use crate::dmp::protocol::certificate::{Certificate, Use};
use crate::dmp::protocol::fault::{Fault, Origin};
use crate::dmp::protocol::signature::{Authorities, Policy, SignatureError};
use crate::dmp::protocol::soap::Transaction;
use crate::dmp::protocol::vihf::{Caller, Vihf, VihfError, verify};
use crate::simulator::desk::{Desk, Peer};
use crate::simulator::log::{Check, CheckResult};
use crate::terminology::Terminology;
use crate::terminology::system::TRE_G15;

/// How much later than the simulator's present a VIHF may say it was issued: clocks differ. Seconds; ours, for the
/// DMP's own tolerance is not published.
const AHEAD: i64 = 300;
/// How old a VIHF may be. Seconds; ours.
const OLD: i64 = 3600;

/// Professions that give two roles: physicians, pharmacists (CI-SIS mapping of the VIHF: `subject:role`, second occurrence).
const TWO_ROLES: [&str; 2] = ["10", "21"];

/// The checks done so far.
#[derive(Debug, Default)]
pub(super) struct Checks(Vec<Check>);

impl Checks {
    fn put(&mut self, field: &'static str, result: CheckResult) {
        self.0.push(Check { field, result });
    }

    fn require(
        &mut self,
        field: &'static str,
        fits: bool,
        no: impl FnOnce() -> Fault,
    ) -> Result<(), Fault> {
        if fits {
            self.put(field, CheckResult::Ok);
            Ok(())
        } else {
            self.put(field, CheckResult::Failed);
            Err(no())
        }
    }

    /// As the log has them.
    pub fn list(self) -> Vec<Check> {
        self.0
    }
}

fn certificate(context: &str) -> Fault {
    Fault::new(Origin::Soap, "DMPInvalidCertificate", context)
}

fn request(context: &str) -> Fault {
    Fault::new(Origin::Soap, "DMPInvalidRequest", context)
}

/// Checks the assertion of a message and gives who calls.
pub(super) fn check(
    desk: &Desk,
    message: &str,
    peer: &Peer,
    transaction: Transaction,
    now: Instant,
    checks: &mut Checks,
) -> Result<Caller, Fault> {
    let (vihf, signer) = signed(desk, message, now, checks)?;
    checks.require(
        "tls_holder",
        signer.common_name() == Some(peer.id.as_str()),
        || certificate("the TLS certificate and the signing certificate have different holders"),
    )?;
    let issued = vihf.issued;
    let timely = issued <= now.plus_seconds(AHEAD) && issued >= now.plus_seconds(-OLD);
    checks.require("issue_instant", timely, || {
        request("IssueInstant is not within the tolerance of the present")
    })?;
    checks.require(
        "version",
        matches!(vihf.version.as_str(), "3.0" | "4.0"),
        || request("VIHF_Version is neither 3.0 nor 4.0"),
    )?;
    checks.require(
        "resource_urn",
        vihf.resource_urn.as_deref() == Some("urn:dmp"),
        || request("Ressource_URN is not urn:dmp"),
    )?;
    roles(&vihf, checks)?;
    let caller = match vihf.caller(signer.der()) {
        Ok(caller) => caller,
        Err(error) => return Err(unfit(&error, checks)),
    };
    checks.put("issuer", CheckResult::Ok);
    checks.put("name_id", CheckResult::Ok);
    let fault = caller.requester.fault(&Terminology::embedded());
    checks.require("structure", fault.is_none(), || match fault {
        Some((field, _)) if field.starts_with("structure") => {
            request("Structure introuvable ou Inactive")
        }
        Some((field, rule)) => request(&format!("{field}: {rule}")),
        None => request("structure"),
    })?;
    // TD0.4 and TD0.5 concern no patient; the official TD0.4 names one nevertheless.
    if matches!(transaction, Transaction::Td04 | Transaction::Td05) {
        checks.put("resource_id", CheckResult::NotApplicable);
    } else {
        checks.require("resource_id", caller.patient.is_some(), || {
            request("resource-id is required")
        })?;
    }
    Ok(caller)
}

/// The assertion, and the certificate of the authority that signed it.
fn signed(
    desk: &Desk,
    message: &str,
    now: Instant,
    checks: &mut Checks,
) -> Result<(Vihf, Certificate), Fault> {
    let authorities =
        Authorities::new([desk.authority.as_slice()]).map_err(|_| request("authority"))?;
    let trust = |chain: &[Vec<u8>]| authorities.check(chain, now).is_ok();
    // The official examples are signed with SHA-1: both are taken.
    let policy = Policy {
        sha1: true,
        trust: &trust,
    };
    let (vihf, certificates) = match verify(message, &policy, now) {
        Ok(verified) => verified,
        Err(VihfError::Signature(error @ SignatureError::Untrusted)) => {
            checks.put("signature", CheckResult::Ok);
            checks.put("signing_certificate_authority", CheckResult::Failed);
            return Err(certificate(&error.to_string()));
        }
        Err(VihfError::Signature(error)) => {
            checks.put("signature", CheckResult::Failed);
            return Err(certificate(&error.to_string()));
        }
        Err(error) => {
            // What the assertion says is read only once its signature holds.
            checks.put("signature", CheckResult::Ok);
            checks.put("signing_certificate_authority", CheckResult::Ok);
            return Err(unfit(&error, checks));
        }
    };
    checks.put("signature", CheckResult::Ok);
    checks.put("signing_certificate_authority", CheckResult::Ok);
    let signer = certificates
        .first()
        .and_then(|der| Certificate::from_der(der).ok())
        .ok_or_else(|| certificate("the signing certificate cannot be read"))?;
    checks.require(
        "signing_certificate_usage",
        signer.unfit_for(Use::Signature).is_none(),
        // The words of the national test platform (integrators' notes on real cards).
        || certificate("Not a valid signature certificate"),
    )?;
    Ok((vihf, signer))
}

/// Two roles for physicians and pharmacists, and a codeSystemName on each.
fn roles(vihf: &Vihf, checks: &mut Checks) -> Result<(), Fault> {
    let first = vihf.roles.first();
    let two =
        first.is_some_and(|role| role.system == TRE_G15 && TWO_ROLES.contains(&role.code.as_str()));
    let named = vihf.roles.iter().all(|role| {
        role.system_name
            .as_ref()
            .is_some_and(|name| !name.is_empty())
    });
    if two && vihf.roles.len() < 2 {
        checks.put("roles", CheckResult::Failed);
        // The words of the national test platform (seen by integrators).
        return Err(request(
            "Aucune spécialité dans le vihf. Spécialité obligatoire pour les Médecins et les Pharmaciens",
        ));
    }
    checks.require("roles", first.is_some() && named, || {
        request("subject:role: a profession with its codeSystemName is required")
    })
}

/// The fault of an assertion whose signature holds.
fn unfit(error: &VihfError, checks: &mut Checks) -> Fault {
    let (field, of_certificate) = match error {
        VihfError::Issuer => ("issuer", true),
        VihfError::NotTheHolder | VihfError::CertificateKind => ("name_id", true),
        VihfError::Time => ("issue_instant", false),
        VihfError::Missing("Identifiant_Structure" | "Secteur_Activite")
        | VihfError::Invalid("Identifiant_Structure" | "Secteur_Activite") => ("structure", false),
        VihfError::Missing("resource-id") | VihfError::Invalid("resource-id") => {
            ("resource_id", false)
        }
        VihfError::Missing("VIHF_Version") => ("version", false),
        VihfError::Missing("subject:role") | VihfError::Invalid("subject:role") => ("roles", false),
        VihfError::Missing("NameID") | VihfError::Invalid("NameID") => ("name_id", false),
        _ => ("assertion", false),
    };
    checks.put(field, CheckResult::Failed);
    if of_certificate {
        certificate(&error.to_string())
    } else {
        request(&error.to_string())
    }
}
