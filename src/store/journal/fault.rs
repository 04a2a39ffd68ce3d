//! What can be found wrong with the journal, its boundaries and its seals: as data, so that a program acts on
//! the code and a person reads the sentence.

use serde::Serialize;

macro_rules! wrongs {
    ($($(#[$doc:meta])* $variant:ident $code:literal $reason:literal $sentence:literal $remedy:ident;)*) => {
        /// What is wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Wrong { $($(#[$doc])* $variant,)* }

        impl Wrong {
            /// Everything that can be.
            pub const ALL: &'static [Wrong] = &[$(Wrong::$variant,)*];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Wrong::$variant => $code,)* }
            }

            /// English, without its place.
            pub const fn reason(self) -> &'static str {
                match self { $(Wrong::$variant => $reason,)* }
            }

            /// French, for a person; its place is put before it.
            const fn words(self) -> &'static str {
                match self { $(Wrong::$variant => $sentence,)* }
            }

            const fn remedy(self) -> &'static str {
                match self { $(Wrong::$variant => $remedy,)* }
            }
        }
    };
}

/// The file is evidence: what was done to it shows by comparing it.
const COMPARE: &str = "Mettez de côté une copie du fichier du registre sans y toucher, puis comparez-la avec la dernière sauvegarde vérifiée et avec les scellés conservés ailleurs.";
/// The register may be right and what it was compared with wrong.
const CHECK_SEAL: &str = "Vérifiez que le scellé conservé et la clé sont bien ceux de ce registre ; si oui, mettez de côté une copie du fichier sans y toucher et comparez-la avec la dernière sauvegarde vérifiée.";

wrongs! {
    /// An entry is not where its number says.
    Missing "entry_missing" "it is missing"
        "elle manque" COMPARE;
    /// An entry, or one of its fields, cannot be read.
    Unreadable "entry_unreadable" "a field cannot be read"
        "un de ses champs ne peut pas être lu" COMPARE;
    /// The entry before is not the one it was chained to.
    Unlinked "entry_unlinked" "it does not follow the entry before"
        "elle ne suit pas l'entrée précédente" COMPARE;
    /// What it says is not what was chained.
    Changed "entry_changed" "its content does not match its hash"
        "son contenu a été modifié" COMPARE;
    /// It is missing, while an entry bears a number that none had.
    Astray "entry_astray" "it is missing, and an entry bears a number that the chain does not have"
        "elle manque, et une entrée porte un numéro qui n'est pas de la chaîne" COMPARE;
    /// Entries before it are gone, and the journal does not vouch for it.
    Unvouched "boundary_unvouched" "the entries before it were removed without a purge that the journal vouches for"
        "les entrées qui la précèdent ont été retirées sans purge attestée par le journal" COMPARE;
    /// A seal speaks of entries that are not there any more.
    Truncated "truncated" "entries that were sealed are gone: the journal was cut off"
        "la fin du journal, qui avait été scellée, a disparu" COMPARE;
    /// The entry sealed is not the one that stands there now.
    Rewritten "rewritten" "the entry sealed is not the one that is there: the journal was rewritten"
        "l'entrée scellée n'est pas celle qui s'y trouve : le journal a été réécrit" COMPARE;
    /// A seal that was made is not in the register.
    SealRemoved "seal_removed" "a seal that was made is not in the register"
        "un scellé a été retiré du registre" COMPARE;
    /// A seal in the register is not as it was made.
    SealChanged "seal_changed" "the seal is not as it was made"
        "le scellé a été modifié dans le registre" COMPARE;
    /// A seal that the journal does not mention.
    SealUnannounced "seal_unannounced" "the journal does not mention this seal"
        "le journal ne mentionne pas ce scellé" COMPARE;
    /// No key given made this seal.
    SealForged "seal_forged" "no key given made this seal"
        "ce scellé n'a été fait avec aucune des clés données" CHECK_SEAL;
    /// The seal given is not the register's of that serial number.
    SealDiffers "seal_differs" "the seal given is not the one of the register"
        "le scellé donné n'est pas celui du registre" CHECK_SEAL;
}

/// A fault, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// Stable code ([`Wrong::code`]).
    pub code: &'static str,
    /// Number of the entry it bears on: the first one that is wrong, as far as can be told.
    pub entry: i64,
    /// It may have begun as early as this entry: the first one after what is vouched for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// Serial number of the seal it bears on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seal: Option<i64>,
    /// What is wrong, in English.
    pub reason: &'static str,
    /// The same in French, with its place.
    pub sentence: String,
    /// What to do, in French.
    pub remedy: &'static str,
}

impl Fault {
    /// On an entry.
    pub(super) fn at(wrong: Wrong, entry: i64) -> Fault {
        Fault::new(wrong, entry, None, None)
    }

    /// On a seal, that of an entry.
    pub(super) fn of_seal(wrong: Wrong, serial: i64, entry: i64, since: Option<i64>) -> Fault {
        Fault::new(wrong, entry, Some(serial), since)
    }

    fn new(wrong: Wrong, entry: i64, seal: Option<i64>, since: Option<i64>) -> Fault {
        let since = since.filter(|since| *since < entry);
        let mut sentence = match seal {
            None => format!("Entrée n° {entry} : {}", wrong.words()),
            Some(serial) => format!("Scellé n° {serial}, entrée n° {entry} : {}", wrong.words()),
        };
        if let Some(since) = since {
            sentence.push_str(&format!(", à partir de l'entrée n° {since} au plus tôt"));
        }
        sentence.push('.');
        Fault {
            code: wrong.code(),
            entry,
            since,
            seal,
            reason: wrong.reason(),
            sentence,
            remedy: wrong.remedy(),
        }
    }
}
