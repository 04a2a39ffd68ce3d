//! Lines of bounded width.

use super::super::clean;

/// Adds text cut at spaces into lines of at most `width` characters; nothing for text that is blank.
///
/// The first line begins with `first`, those that follow with `next`. A word longer than a line stands alone on its
/// own: cut, it could not be searched or copied.
pub(super) fn wrap(out: &mut String, text: &str, first: &str, next: &str, width: usize) {
    for (index, line) in lines(text, width.saturating_sub(next.chars().count())).enumerate() {
        out.push_str(if index == 0 { first } else { next });
        out.push_str(&line);
        out.push('\n');
    }
}

/// The lines of a text, at most `width` characters each but for a word that is longer.
pub(super) fn lines(text: &str, width: usize) -> impl Iterator<Item = String> {
    let mut words = words(text).peekable();
    std::iter::from_fn(move || {
        let mut line = words.next()?;
        let mut length = line.chars().count();
        while let Some(word) = words.next_if(|w| length + 1 + w.chars().count() <= width) {
            length += 1 + word.chars().count();
            line.push(' ');
            line.push_str(&word);
        }
        Some(line)
    })
}

/// The words of a text, as they may be shown; a non-breaking space stays within its word.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{202F}' | '\u{2007}'))
        .map(|word| clean::line(word).collect::<String>())
        .filter(|word| !word.is_empty())
}

/// The length of the longest word.
pub(super) fn longest_word(text: &str) -> usize {
    words(text)
        .map(|word| word.chars().count())
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_at_spaces_and_never_in_words() {
        let mut out = String::new();
        wrap(
            &mut out,
            " un deux\u{a0}: trois  anticonstitutionnellement ",
            "- ",
            "  ",
            12,
        );
        assert_eq!(
            out,
            "- un deux\u{a0}:\n  trois\n  anticonstitutionnellement\n"
        );
        let mut out = String::new();
        wrap(&mut out, " \n ", "- ", "  ", 12);
        assert_eq!(out, "");
    }
}
