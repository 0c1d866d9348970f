//! The grammar of topics and filters (MQTT 5, 4.7 and 4.8.2). Pure.

use super::limits::{TOPIC_BYTES, TOPIC_LEVELS};

/// Whether something may be published here. The characters were looked at when it was read.
pub(super) fn is_topic(topic: &str) -> bool {
    !topic.is_empty() && is_bounded(topic)
}

/// A filter, and the name of the group that shares what it brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Filter<'t> {
    pub(super) group: Option<&'t str>,
    /// Without `$share/<group>/`.
    pub(super) filter: &'t str,
}

impl<'t> Filter<'t> {
    /// `None`: no filter.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let parsed = match text.strip_prefix("$share/") {
            Some(shared) => {
                let (group, filter) = shared.split_once('/')?;
                if group.is_empty() || group.contains(['+', '#']) {
                    return None;
                }
                Self { group: Some(group), filter }
            }
            None => Self { group: None, filter: text },
        };
        is_filter(parsed.filter).then_some(parsed)
    }
}

fn is_filter(filter: &str) -> bool {
    let mut levels = filter.split('/').peekable();
    while let Some(level) = levels.next() {
        let good = match level {
            "#" => levels.peek().is_none(),
            "+" => true,
            level => !level.contains(['+', '#']),
        };
        if !good {
            return false;
        }
    }
    !filter.is_empty() && is_bounded(filter)
}

fn is_bounded(topic: &str) -> bool {
    topic.len() <= TOPIC_BYTES && topic.bytes().filter(|byte| *byte == b'/').count() < TOPIC_LEVELS
}

/// Whether `filter` covers `topic`, said as in the standard; the trees give the same answer faster.
pub(super) fn covers(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let (mut filter, mut topic) = (filter.split('/'), topic.split('/'));
    loop {
        match (filter.next(), topic.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(_)) => {}
            (Some(wanted), Some(level)) if wanted == level => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_those_of_the_standard() {
        for good in ["a", "/", "a/b", "+", "#", "a/#", "+/b/+", "a//b", "$share/g/a/#", "$share/g/a", "/finance", "$SYS/#"] {
            assert!(Filter::parse(good).is_some(), "{good}");
        }
        let (deep, long) = ("a/".repeat(TOPIC_LEVELS), "a".repeat(TOPIC_BYTES + 1));
        for bad in ["", "a#", "#/a", "a+", "a/b+/c", "a/#/b", "$share/g", "$share//a", "$share/g/", "$share/+/a", "$share/", &deep, &long] {
            assert_eq!(Filter::parse(bad), None, "{bad}");
        }
        assert_eq!(Filter::parse("$share/g/a/b"), Some(Filter { group: Some("g"), filter: "a/b" }));
        assert!(is_topic("a/b") && !is_topic("") && !is_topic(&deep) && !is_topic(&long));
    }

    #[test]
    fn a_filter_covers_what_the_standard_says() {
        for (filter, topic) in
            [("a/#", "a"), ("a/#", "a/b/c"), ("+/+", "/a"), ("/+", "/a"), ("#", "a/b"), ("a/+/c", "a//c"), ("$SYS/#", "$SYS/x")]
        {
            assert!(covers(filter, topic), "{filter} {topic}");
        }
        for (filter, topic) in [("+", "/a"), ("a/+", "a"), ("a", "a/b"), ("#", "$SYS/x"), ("+/x", "$SYS/x"), ("a/b", "a"), ("A", "a")] {
            assert!(!covers(filter, topic), "{filter} {topic}");
        }
    }
}
