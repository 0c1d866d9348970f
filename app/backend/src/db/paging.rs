//! A page of a list: one row more than is wanted is asked for, which says whether there is another page.

/// How many rows to ask for.
pub(super) fn one_more(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX - 1) + 1
}

/// Where the next page begins, after the last of the `most` that stay; `None`: there is none.
pub(super) fn next<R, K>(rows: &mut Vec<R>, most: usize, key: impl FnOnce(&R) -> K) -> Option<K> {
    let is_more = rows.len() > most;
    rows.truncate(most);
    rows.last().filter(|_| is_more).map(key)
}
