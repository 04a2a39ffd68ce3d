//! Characters of a document that must not reach a screen as they are.

/// What to show for a character; none for what only steers the display.
///
/// Controls (C0, DEL, C1) could command a terminal. Marks of direction could show « 10 à 5 » where « 5 à 10 » is
/// written; without them each script keeps its own direction.
fn shown(c: char) -> Option<char> {
    match c {
        '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some(' '),
        '\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' => Some('\u{FFFD}'),
        '\u{61C}'
        | '\u{200E}'
        | '\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2066}'..='\u{2069}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E007F}' => None,
        other => Some(other),
    }
}

/// The text as it may be shown on one line.
pub(super) fn line(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter_map(shown)
}

/// Adds text of a document to a page.
pub(super) fn escape(out: &mut String, text: &str) {
    for c in line(text) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

/// A text no longer than `most` characters, with an ellipsis where it was cut.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let mut chars = line(text);
    let mut short: String = chars.by_ref().take(most).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

/// A tag of language (`fr-FR`) that may stand in an attribute.
pub(super) fn language(tag: &str) -> Option<&str> {
    let short = (2..=35).contains(&tag.len());
    let plain = tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (short && plain && tag.starts_with(|c: char| c.is_ascii_alphabetic())).then_some(tag)
}

/// The address of a link, if it is one that a person can use: to a page or to a mailbox.
pub(super) fn address(href: &str) -> Option<String> {
    /// Longer addresses hold data, not a place.
    const LONGEST: usize = 300;
    let usual = ["https://", "http://", "mailto:"].iter().any(|scheme| {
        href.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    usual.then(|| shortened(href, LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_screen_passes() {
        let hostile = "a\u{1B}[2Jb\u{9B}31mc\u{202E}d\u{2066}e\u{7F}\u{200F}f\r\ng";
        let shown: String = line(hostile).collect();
        assert_eq!(shown, "a\u{FFFD}[2Jb\u{FFFD}31mcde\u{FFFD}f  g");
    }

    #[test]
    fn attributes_cannot_be_left() {
        let mut out = String::new();
        escape(&mut out, "\"'><&");
        assert_eq!(out, "&quot;&#39;&gt;&lt;&amp;");
        assert_eq!(language("fr-FR"), Some("fr-FR"));
        for bad in ["fr\" onload=\"x", "f", "-fr", "1fr", "fr FR", "é"] {
            assert_eq!(language(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_usual_addresses_are_shown() {
        assert!(address("HTTPS://exemple.fr/é").is_some());
        assert!(address("mailto:a@exemple.fr").is_some());
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "#a",
            "a.pdf",
            "httpé",
            "",
        ] {
            assert_eq!(address(bad), None, "{bad}");
        }
    }
}
