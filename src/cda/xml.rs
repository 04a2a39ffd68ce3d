//! The rules of XML that the event reader leaves to its caller.

/// Whether a character may stand in an XML 1.0 document.
pub(super) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// The offset of the first control character that may not stand in an XML 1.0 document, else that of the first
/// noncharacter.
pub(super) fn first_forbidden(text: &str) -> Option<usize> {
    // A document is nearly all body and nearly never wrong: blocks are passed over without stopping inside them, which
    // the compiler turns into vector instructions, and substrings are looked for in the same way.
    const BLOCK: usize = 64;
    let control = |b: &u8| *b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r');
    let blocks = text.as_bytes().chunks(BLOCK);
    for (number, block) in blocks.enumerate() {
        if block.iter().fold(false, |found, b| found | control(b)) {
            return block.iter().position(control).map(|at| number * BLOCK + at);
        }
    }
    if text.contains('\u{FFFE}') || text.contains('\u{FFFF}') {
        return text.find(['\u{FFFE}', '\u{FFFF}']);
    }
    None
}

/// Whether a name is well-formed, with at most one prefix.
pub(super) fn is_qualified_name(name: &str) -> bool {
    // Nearly every name is of letters alone.
    if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphabetic()) {
        return true;
    }
    match name.split_once(':') {
        Some((prefix, local)) => is_name(prefix) && is_name(local),
        None => is_name(name),
    }
}

/// Whether a name is well-formed and has no colon.
pub(super) fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(is_name_start) && chars.all(is_name_char)
}

fn is_name_start(c: char) -> bool {
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
        | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}' | '\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

fn is_name_char(c: char) -> bool {
    is_name_start(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}' | '\u{2040}')
}

/// What the inside of a reference (`&…;` without its marks) stands for.
pub(super) enum Reference {
    /// A character, by its number or by one of the five names.
    Char(char),
    /// An entity that only a DTD could define.
    Entity,
    /// Not a reference.
    Malformed,
}

/// Resolves a reference.
pub(super) fn reference(inside: &str) -> Reference {
    let number = match inside.strip_prefix('#') {
        Some(digits) => match digits.strip_prefix('x') {
            Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16),
            None if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse(),
            _ => return Reference::Malformed,
        },
        None => {
            return match inside {
                "lt" => Reference::Char('<'),
                "gt" => Reference::Char('>'),
                "amp" => Reference::Char('&'),
                "apos" => Reference::Char('\''),
                "quot" => Reference::Char('"'),
                name if is_name(name) => Reference::Entity,
                _ => Reference::Malformed,
            };
        }
    };
    match number.ok().and_then(char::from_u32) {
        Some(c) if is_char(c) => Reference::Char(c),
        _ => Reference::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_forbidden_character_is_found_wherever_it_stands() {
        let clean = "é\t\r\n<a>\u{FFFD}\u{10FFFF}".repeat(20);
        assert_eq!(first_forbidden(&clean), None);
        assert_eq!(first_forbidden(""), None);
        for forbidden in ['\0', '\u{1F}', '\u{B}', '\u{FFFE}', '\u{FFFF}'] {
            for before in 0..150 {
                let text = format!("{}{forbidden}{clean}{forbidden}", "x".repeat(before));
                assert_eq!(first_forbidden(&text), Some(before));
            }
        }
    }
}
