//! Finding something by what somebody remembers of its name. Here and not in SQL: the two databases disagree about the case of
//! letters beyond ASCII, and neither knows that "jardin" means "Jardín".

/// So many characters of what somebody looks for are read: more than fields and names have.
const LONGEST: usize = 400;

/// The words that somebody looks for; every one of them must be there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words(Vec<String>);

impl Words {
    pub(crate) fn of(text: &str) -> Self {
        let text: String = text.chars().take(LONGEST).collect();
        Self(folded(&text).split_whitespace().map(str::to_owned).collect())
    }

    /// Whether nothing is looked for.
    pub(crate) fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether each word stands somewhere in a text that is [`folded`].
    pub(crate) fn are_in(&self, folded: &str) -> bool {
        self.0.iter().all(|word| folded.contains(word.as_str()))
    }
}

/// In lower case and without the accents of our languages.
pub(crate) fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).filter_map(plain).collect()
}

fn plain(letter: char) -> Option<char> {
    Some(match letter {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        // Accents that stand by themselves, as macOS writes them.
        '\u{300}'..='\u{36f}' => return None,
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_accents_and_order_do_not_matter() {
        let found = |text: &str| Words::of(text).are_in(&folded("Casa Jardínes Ñandú\nvg-7F3A\nlucia@example.org"));
        for text in ["", "  ", "jardin", "JARDÍNES casa", "nandu", "jardi\u{301}n", "vg-7f", "lucia@ casa"] {
            assert!(found(text), "{text}");
        }
        for text in ["jardinero", "casa pozo", "%", "_"] {
            assert!(!found(text), "{text}");
        }
    }
}
