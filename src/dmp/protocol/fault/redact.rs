//! What a DMP says of a refusal, without what could identify a person.

use crate::identity::Ins;
use crate::identity::ins::AUTHORITIES;

/// What stands in the place of what is left out.
const LEFT_OUT: &str = "…";
/// Characters kept of a context.
const MOST: usize = 300;
/// Words in capitals that are not names.
const WORDS: &[&str] = &[
    "AIR",
    "AJOUT",
    "BAL",
    "CDA",
    "CNDA",
    "CPE",
    "CPF",
    "CPS",
    "CPX",
    "DMP",
    "ES",
    "FINESS",
    "FR",
    "HL7",
    "HTTP",
    "IHE",
    "INS",
    "INSI",
    "LPS",
    "MES",
    "MT",
    "NIA",
    "NIR",
    "OID",
    "OK",
    "PS",
    "RPPS",
    "SAML",
    "SIREN",
    "SIRET",
    "SOAP",
    "SUPPRESSION",
    "TLS",
    "URI",
    "URL",
    "URN",
    "UUID",
    "VIHF",
    "XDS",
    "XML",
];

/// A text of the DMP that can be shown, logged and stored. Left out:
/// - numbers of ten digits or more, an INS above all, even cut by spaces, dots or hyphens; an OID (that does not hold
///   an INS) and a UUID are kept;
/// - everything from the first to the last `^`: identifiers and names in HL7 form;
/// - words in capitals, as the INS writes names, and capitalised words beside them. A name written in another way
///   cannot be told from a word: it stays;
/// - what follows 300 characters.
pub fn redact(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(4 * MOST)
        .collect();
    let words: Vec<&str> = text.split(' ').filter(|w| !w.is_empty()).collect();
    let mut kept: Vec<bool> = words.iter().map(|w| !has_number(w)).collect();
    // HL7 forms.
    let caret = |w: &&str| w.contains('^');
    if let (Some(from), Some(to)) = (words.iter().position(caret), words.iter().rposition(caret)) {
        kept.iter_mut()
            .take(to + 1)
            .skip(from)
            .for_each(|k| *k = false);
    }
    // A number cut by spaces.
    let mut from = 0;
    while from < words.len() {
        let run = words.iter().skip(from).take_while(|w| is_digits(w)).count();
        let digits: usize = words.iter().skip(from).take(run).map(|w| count(w)).sum();
        // One word alone was judged above: it may be an OID.
        if run > 1 && digits >= 10 {
            kept.iter_mut()
                .skip(from)
                .take(run)
                .for_each(|k| *k = false);
        }
        from += run.max(1);
    }
    // Names. A context of one word is the name of a rule or field.
    if words.len() > 1 {
        let names: Vec<bool> = words.iter().map(|w| is_name(w)).collect();
        for (at, word) in words.iter().enumerate() {
            let beside = |n: Option<&bool>| n.copied().unwrap_or(false);
            let near = beside(names.get(at + 1)) || at > 0 && beside(names.get(at - 1));
            let named = beside(names.get(at)) || near && is_capitalised(word);
            if let Some(kept) = kept.get_mut(at).filter(|_| named) {
                *kept = false;
            }
        }
    } else if words.first().is_some_and(|w| is_name(w)) {
        kept.clear();
        kept.push(false);
    }
    let mut out = String::new();
    let mut left_out = false;
    for (word, kept) in words.iter().zip(kept) {
        if !kept && left_out {
            continue;
        }
        left_out = !kept;
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(if kept { word } else { LEFT_OUT });
    }
    if out.chars().count() > MOST {
        out = out.chars().take(MOST).chain(LEFT_OUT.chars()).collect();
    }
    out
}

/// A code as it can be kept: the characters codes are made of, 80 at most, no number of ten digits.
pub(super) fn code(text: &str) -> String {
    let text = text.trim();
    let fits = !text.is_empty()
        && text.len() <= 80
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.:-/#".contains(&b))
        && !has_number(text);
    if fits {
        text.rsplit([':', '#']).next().unwrap_or(text).to_owned()
    } else {
        "unknown".to_owned()
    }
}

fn count(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// Digits, perhaps with what people put between them.
fn is_digits(word: &str) -> bool {
    word.bytes().any(|b| b.is_ascii_digit())
        && word.chars().all(|c| {
            c.is_ascii_digit() || matches!(c, '.' | '-' | '/' | '\u{A0}' | '\u{202F}' | 'A' | 'B')
        })
}

/// Whether a word holds a number of ten digits or more that is neither an OID nor in a UUID.
fn has_number(word: &str) -> bool {
    if count(word) < 10 {
        return false;
    }
    word.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '\u{A0}' | '\u{202F}')))
        .any(|token| count(token) >= 10 && !is_oid(token) && uuid::Uuid::try_parse(token).is_err())
}

/// An OID of four arcs at least, none of which is an INS.
fn is_oid(token: &str) -> bool {
    let token = token.trim_end_matches(['.', '-']);
    let arcs: Vec<&str> = token.split('.').collect();
    let ins = |arc: &&str| Ins::with_authority(arc, AUTHORITIES[0]).is_ok();
    arcs.len() >= 4
        && matches!(arcs.first(), Some(&("0" | "1" | "2")))
        && arcs.iter().all(|arc| {
            !arc.is_empty()
                && arc.bytes().all(|b| b.is_ascii_digit())
                && (*arc == "0" || !arc.starts_with('0'))
        })
        && !arcs.iter().any(ins)
}

/// The letters of a word, without the punctuation around it.
fn letters(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// Two letters or more, all capitals, hyphens and apostrophes between.
fn is_name(word: &str) -> bool {
    let word = letters(word);
    word.chars().filter(|c| c.is_alphabetic()).count() >= 2
        && word
            .chars()
            .all(|c| c.is_uppercase() || matches!(c, '-' | '\'' | '’'))
        && !WORDS.contains(&word)
}

fn is_capitalised(word: &str) -> bool {
    letters(word).chars().next().is_some_and(char::is_uppercase) && !WORDS.contains(&letters(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_identifies_a_person_stays() {
        for (text, left) in [
            ("patient 279035121518989 inconnu", "patient … inconnu"),
            ("patient 2 79 03 51 215 189 89 inconnu", "patient … inconnu"),
            ("patient 2-79-03-51-215-189-89", "patient …"),
            ("NIR 180052A00401021.", "NIR …"),
            (
                "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH refusé",
                "… refusé",
            ),
            (
                "auteur 801234567890^DE LA TOUR^Jean ^ inconnu",
                "auteur … inconnu",
            ),
            (
                "le patient TESSIER Camille est fermé",
                "le patient … est fermé",
            ),
            (
                "le patient Camille D'ŒILLY-TESSIER, fermé",
                "le patient … fermé",
            ),
            ("appelez le 01 02 03 04 05", "appelez le …"),
            ("TESSIER", "…"),
            ("1.2.250.1.213.1.4.10.279035121518989", "…"),
            ("a\nb\u{0}c", "a b c"),
        ] {
            assert_eq!(redact(text), left, "{text}");
        }
        assert!(redact(&"mot ".repeat(1000)).chars().count() <= MOST + 1);
    }

    #[test]
    fn what_helps_to_understand_stays() {
        for text in [
            "",
            "uniqueId=urn:uuid:52c2786e-cb61-4890-1621-241138880306",
            "uniqueId 1.2.250.1.999.1.1.7898.1.995657292 inconnu",
            "1.2.250.1.999.20260101120000.12345678901234567890",
            "R1111-46",
            "TD3.1/PS",
            "Structure introuvable ou Inactive",
            "PS et Structure non liés",
            "Aucune spécialité dans le VIHF. Spécialité obligatoire pour les Médecins",
            "DMP déjà fermé",
            "la version 20260101 du DMP",
        ] {
            assert_eq!(redact(text), text, "{text}");
        }
    }

    #[test]
    fn a_code_is_kept_and_anything_else_is_not_one() {
        assert_eq!(
            code(" soap:DMPInvalidCertificate "),
            "DMPInvalidCertificate"
        );
        assert_eq!(code("XDSRegistryError"), "XDSRegistryError");
        for text in ["", "un texte", "279035121518989", &"a".repeat(81)] {
            assert_eq!(code(text), "unknown");
        }
    }
}
