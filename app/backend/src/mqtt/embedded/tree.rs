//! What stands at filters, found by the topics that they cover: a level of the topic is a level of the tree.

use std::collections::HashMap;
use std::str::Split;

/// Values at filters.
pub(super) struct Tree<T> {
    root: Node<T>,
}

struct Node<T> {
    /// At the filter that ends here.
    here: Vec<T>,
    /// At the filter that goes on with `#`.
    below: Vec<T>,
    any: Option<Box<Self>>,
    named: HashMap<Box<str>, Self>,
}

impl<T> Default for Node<T> {
    fn default() -> Self {
        Self { here: Vec::new(), below: Vec::new(), any: None, named: HashMap::new() }
    }
}

impl<T> Default for Tree<T> {
    fn default() -> Self {
        Self { root: Node::default() }
    }
}

impl<T> Tree<T> {
    /// What stands at this filter, to be changed.
    pub(super) fn at(&mut self, filter: &str) -> &mut Vec<T> {
        let mut node = &mut self.root;
        for level in filter.split('/') {
            match level {
                "#" => return &mut node.below,
                "+" => node = node.any.get_or_insert_default(),
                level => {
                    if !node.named.contains_key(level) {
                        node.named.insert(level.into(), Node::default());
                    }
                    node = node.named.get_mut(level).expect("it was put there");
                }
            }
        }
        &mut node.here
    }

    /// What stands at this filter.
    pub(super) fn find(&self, filter: &str) -> &[T] {
        let mut node = &self.root;
        for level in filter.split('/') {
            let next = match level {
                "#" => return &node.below,
                "+" => node.any.as_deref(),
                level => node.named.get(level),
            };
            let Some(next) = next else { return &[] };
            node = next;
        }
        &node.here
    }

    /// Keeps of what stands at this filter what is to be kept, and no empty branch.
    pub(super) fn retain(&mut self, filter: &str, keep: impl FnMut(&mut T) -> bool) {
        self.root.retain(filter.split('/'), keep);
    }

    /// Everything at filters that cover the topic.
    pub(super) fn covering<'t>(&'t self, topic: &str, each: &mut impl FnMut(&'t T)) {
        self.root.covering(topic.split('/'), topic.starts_with('$'), each);
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.root.is_empty()
    }
}

impl<T> Node<T> {
    fn is_empty(&self) -> bool {
        self.here.is_empty() && self.below.is_empty() && self.any.is_none() && self.named.is_empty()
    }

    /// Returns whether the node is empty then.
    fn retain(&mut self, mut levels: Split<'_, char>, keep: impl FnMut(&mut T) -> bool) -> bool {
        match levels.next() {
            None => self.here.retain_mut(keep),
            Some("#") => self.below.retain_mut(keep),
            Some("+") => {
                if self.any.as_mut().is_some_and(|node| node.retain(levels, keep)) {
                    self.any = None;
                }
            }
            Some(level) => {
                if self.named.get_mut(level).is_some_and(|node| node.retain(levels, keep)) {
                    self.named.remove(level);
                }
            }
        }
        self.is_empty()
    }

    /// Wildcards do not cover what begins with `$`.
    fn covering<'t>(&'t self, mut levels: Split<'_, char>, is_dollar: bool, each: &mut impl FnMut(&'t T)) {
        if !is_dollar {
            self.below.iter().for_each(&mut *each);
        }
        let Some(level) = levels.next() else { return self.here.iter().for_each(each) };
        if let Some(node) = self.named.get(level) {
            node.covering(levels.clone(), false, each);
        }
        if !is_dollar && let Some(node) = &self.any {
            node.covering(levels, false, each);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::topics::{Filter, covers};
    use super::*;

    fn level() -> impl Strategy<Value = String> {
        prop_oneof![Just(String::new()), "[ab]", Just("$x".to_owned())]
    }

    fn filter() -> impl Strategy<Value = String> {
        let level = prop_oneof![3 => level(), 1 => Just("+".to_owned())];
        (proptest::collection::vec(level, 1..4), any::<bool>())
            .prop_map(|(levels, open)| if open { format!("{}/#", levels.join("/")) } else { levels.join("/") })
            .prop_filter("a filter", |filter| Filter::parse(filter).is_some())
    }

    proptest! {
        #[test]
        fn the_tree_finds_what_the_standard_says(
            filters in proptest::collection::vec(prop_oneof![8 => filter(), 1 => Just("#".to_owned())], 0..20),
            topic in proptest::collection::vec(level(), 1..5), gone in proptest::collection::vec(any::<bool>(), 20),
        ) {
            let topic = topic.join("/");
            let mut tree = Tree::default();
            filters.iter().enumerate().for_each(|(n, filter)| tree.at(filter).push(n));
            for (n, filter) in filters.iter().enumerate().filter(|(n, _)| gone[*n]) {
                tree.retain(filter, |kept| *kept != n);
            }
            let mut found = Vec::new();
            tree.covering(&topic, &mut |n| found.push(*n));
            found.sort_unstable();
            let expected: Vec<_> = (0..filters.len()).filter(|n| !gone[*n] && covers(&filters[*n], &topic)).collect();
            prop_assert_eq!(found, expected);
            for (n, filter) in filters.iter().enumerate() {
                prop_assert_eq!(tree.find(filter).contains(&n), !gone[n]);
                tree.retain(filter, |kept| *kept != n);
            }
            prop_assert!(tree.is_empty(), "no branch is left behind");
        }
    }
}
