//! The traits that make an identity beside its matricule, and how far the practice trusts them.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// How far an identity has been established. Source: référentiel national d'identitovigilance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityStatus {
    /// Declared by the person, nothing checked.
    Provisoire,
    /// Traits and matricule fetched from the INSi service, identity not checked by a document.
    Recuperee,
    /// Checked against an identity document, matricule not fetched.
    Validee,
    /// Both: the only status under which a document may be shared with its INS.
    Qualifiee,
}

/// Administrative sex as the INS holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sex {
    /// Masculin.
    M,
    /// Féminin.
    F,
    /// Indéterminé.
    I,
}

/// The five traits of the INS, and the used name that practices keep beside them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IdentityTraits {
    /// Nom de naissance.
    pub birth_name: String,
    /// Liste des prénoms de naissance, in order.
    pub given_names: Vec<String>,
    /// Date de naissance, `YYYYMMDD`, or `YYYYMM` or `YYYY` when that is all the civil record has.
    pub birth_date: String,
    /// Sexe.
    pub sex: Sex,
    /// Lieu de naissance: code officiel géographique, 5 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_place: Option<String>,
    /// Nom utilisé, not a trait: never compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_name: Option<String>,
}

/// Traits identify a person: they are never printed by accident.
impl std::fmt::Debug for IdentityTraits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityTraits(…)")
    }
}

/// Names one of the five traits, so that a divergence can be told without telling the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Trait {
    /// Nom de naissance.
    BirthName,
    /// Prénoms de naissance.
    GivenNames,
    /// Date de naissance.
    BirthDate,
    /// Sexe.
    Sex,
    /// Lieu de naissance.
    BirthPlace,
}

impl Trait {
    /// The trait's name for a French reader.
    pub fn label(self) -> &'static str {
        match self {
            Trait::BirthName => "nom de naissance",
            Trait::GivenNames => "prénoms de naissance",
            Trait::BirthDate => "date de naissance",
            Trait::Sex => "sexe",
            Trait::BirthPlace => "lieu de naissance",
        }
    }
}

/// Upper case, no accents, ligatures opened, everything but letters and digits a single space:
/// the INS holds names this way, and software does not.
pub fn fold(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.nfd() {
        match c {
            'œ' | 'Œ' => out.push_str("OE"),
            'æ' | 'Æ' => out.push_str("AE"),
            'ß' => out.push_str("SS"),
            c if c.is_alphanumeric() => out.extend(c.to_uppercase()),
            c if unicode_normalization::char::is_combining_mark(c) => {}
            _ => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
            }
        }
    }
    out.truncate(out.trim_end().len());
    out
}

impl IdentityTraits {
    /// The traits on which two identities differ, compared as the INS writes them.
    ///
    /// A birth place that one side lacks is not compared. The given names agree when one list begins
    /// with the other, for the DMP may return the first given name alone.
    pub fn divergences(&self, other: &IdentityTraits) -> Vec<Trait> {
        let mut found = Vec::new();
        if fold(&self.birth_name) != fold(&other.birth_name) {
            found.push(Trait::BirthName);
        }
        let words = |names: &[String]| -> Vec<String> {
            fold(&names.join(" "))
                .split(' ')
                .map(str::to_owned)
                .collect()
        };
        let (mine, theirs) = (words(&self.given_names), words(&other.given_names));
        if !(mine.starts_with(&theirs) || theirs.starts_with(&mine)) {
            found.push(Trait::GivenNames);
        }
        if self.birth_date != other.birth_date {
            found.push(Trait::BirthDate);
        }
        if self.sex != other.sex {
            found.push(Trait::Sex);
        }
        if let (Some(mine), Some(theirs)) = (&self.birth_place, &other.birth_place)
            && fold(mine) != fold(theirs)
        {
            found.push(Trait::BirthPlace);
        }
        found
    }

    /// Why these traits cannot be those of an INS; `None` when they can.
    pub fn fault(&self) -> Option<&'static str> {
        if self.birth_name.trim().is_empty() {
            return Some("birthName is required");
        }
        if !self.given_names.iter().any(|n| !n.trim().is_empty()) {
            return Some("givenNames is required");
        }
        if crate::document::Dtm::parse(&self.birth_date).is_none() || self.birth_date.len() > 8 {
            return Some("birthDate must be YYYY, YYYYMM or YYYYMMDD");
        }
        if let Some(place) = &self.birth_place
            && (place.len() != 5 || !place.bytes().all(|b| b.is_ascii_alphanumeric()))
        {
            return Some("birthPlace must be an official geographic code of 5 characters");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traits() -> IdentityTraits {
        IdentityTraits {
            birth_name: "LEFÈVRE-D'ŒILLY".into(),
            given_names: vec!["Zoé".into(), "Marie-Louise".into()],
            birth_date: "19790328".into(),
            sex: Sex::F,
            birth_place: Some("51215".into()),
            used_name: None,
        }
    }

    #[test]
    fn accents_case_hyphens_and_ligatures_are_not_divergences() {
        let ins = IdentityTraits {
            birth_name: "LEFEVRE D OEILLY".into(),
            given_names: vec!["ZOE".into()],
            birth_place: None,
            used_name: Some("AUTRE".into()),
            ..traits()
        };
        assert_eq!(traits().divergences(&ins), []);
        assert_eq!(ins.divergences(&traits()), []);
    }

    #[test]
    fn each_trait_diverges_on_its_own() {
        let base = traits();
        for (changed, expected) in [
            (
                IdentityTraits {
                    birth_name: "LEFEBVRE".into(),
                    ..traits()
                },
                Trait::BirthName,
            ),
            (
                IdentityTraits {
                    given_names: vec!["Zora".into()],
                    ..traits()
                },
                Trait::GivenNames,
            ),
            (
                IdentityTraits {
                    birth_date: "19790329".into(),
                    ..traits()
                },
                Trait::BirthDate,
            ),
            (
                IdentityTraits {
                    sex: Sex::M,
                    ..traits()
                },
                Trait::Sex,
            ),
            (
                IdentityTraits {
                    birth_place: Some("2A004".into()),
                    ..traits()
                },
                Trait::BirthPlace,
            ),
        ] {
            assert_eq!(base.divergences(&changed), [expected]);
        }
    }
}
