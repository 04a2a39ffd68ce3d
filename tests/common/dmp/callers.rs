//! Patients, and the people and structures that call.

use dmpkit::dmp::{Context, Requester};
use dmpkit::identity::{Authority, IdentityTraits, Ins, Professional, PsIdNat, Sex};
use dmpkit::identity::{StructIdNat, Structure};
use dmpkit::rules::{Authentication, Capacity, Mode};

use super::software;

/// The n-th patient of the test platform, with a true key.
pub fn patient(n: u32) -> Ins {
    let first13 = 1_530_789_000_000_u64 + u64::from(n);
    let key = 97 - first13 % 97;
    Ins::with_authority(&format!("{first13}{key:02}"), Authority::Test).unwrap()
}

pub fn traits(birth_date: &str) -> IdentityTraits {
    IdentityTraits {
        birth_name: "GARRIGUE".into(),
        given_names: vec!["ETIENNE".into()],
        birth_date: birth_date.into(),
        sex: Sex::M,
        birth_place: Some("89387".into()),
        used_name: None,
    }
}

/// Born so as to be of age, or not, all along any story.
pub const ADULT: &str = "19530720";
pub const MINOR: &str = "20150720";

/// Who calls, and in which mode.
#[derive(Debug, Clone)]
pub struct Caller {
    pub requester: Requester,
    pub mode: Mode,
    pub reason: Option<&'static str>,
}

pub const PHYSICIAN: &str = "10";
pub const NURSE: &str = "60";
pub const GENERAL: &str = "SM26";
pub const OCCUPATIONAL: &str = "SM25";

pub fn structure(n: u32) -> Structure {
    Structure {
        id: StructIdNat::new(&format!("1{n:09}")).unwrap(),
        name: format!("CABINET {n}"),
        sector: "SA07".into(),
    }
}

pub fn ps_id(n: u32) -> PsIdNat {
    PsIdNat::new(&format!("8{n:011}")).unwrap()
}

fn person(n: u32, profession: Option<&str>, specialty: Option<&str>) -> Professional {
    Professional {
        id: ps_id(n),
        family: format!("NOM{n}"),
        given: "Camille".into(),
        profession: profession.map(str::to_owned),
        specialty: specialty.map(str::to_owned),
        role: profession.is_none().then(|| "317".to_owned()),
    }
}

fn caller(professional: Option<Professional>, place: u32, by: Authentication) -> Caller {
    let requester = Requester {
        professional,
        structure: structure(place),
        authentication: by,
        capacity: Capacity::Care,
        secret: false,
    };
    assert_eq!(
        requester.fault(&Default::default()),
        None,
        "callers of tests are well formed"
    );
    Caller {
        requester,
        mode: Mode::Normal,
        reason: None,
    }
}

/// A physician with a CPS card.
pub fn physician(n: u32, place: u32) -> Caller {
    let p = person(n, Some(PHYSICIAN), Some(GENERAL));
    caller(Some(p), place, Authentication::Cps)
}

/// A nurse with a CPS card.
pub fn nurse(n: u32, place: u32) -> Caller {
    caller(
        Some(person(n, Some(NURSE), None)),
        place,
        Authentication::Cps,
    )
}

/// A médecin du travail with a CPS card.
pub fn occupational(n: u32, place: u32) -> Caller {
    let p = person(n, Some(PHYSICIAN), Some(OCCUPATIONAL));
    caller(Some(p), place, Authentication::Cps)
}

/// A secretary with a CPE card.
pub fn secretary(n: u32, place: u32) -> Caller {
    caller(Some(person(n, None, None)), place, Authentication::Cpe)
}

/// The certificate of a structure.
pub fn certificate(place: u32) -> Caller {
    caller(None, place, Authentication::Structure)
}

impl Caller {
    /// The same person, authenticated another way.
    pub fn by(&self, authentication: Authentication) -> Caller {
        let mut other = self.clone();
        other.requester.authentication = authentication;
        other
    }

    /// The same person in a mode, with the reason a bris de glace needs.
    pub fn mode(&self, mode: Mode) -> Caller {
        Caller {
            mode,
            reason: (mode == Mode::BrisDeGlace).then_some("patient inconscient"),
            ..self.clone()
        }
    }

    /// The same person under connexion secrète.
    pub fn secret(&self) -> Caller {
        let mut other = self.clone();
        other.requester.secret = true;
        other
    }

    /// The context of a call about a patient.
    pub fn on<'a>(&'a self, patient: &'a Ins) -> Context<'a> {
        Context {
            patient: Some(patient),
            ..self.alone()
        }
    }

    /// The context of a call about no patient.
    pub fn alone(&self) -> Context<'_> {
        Context {
            software: software(),
            requester: &self.requester,
            mode: self.mode,
            reason: self.reason,
            patient: None,
            login: super::start(),
        }
    }

    /// The person's PS_IdNat.
    pub fn ps(&self) -> PsIdNat {
        self.requester.professional.as_ref().unwrap().id.clone()
    }
}
