//! Many rows with one statement: the same few texts again and again, so that every one of them stays prepared.

/// Rows per statement, largest first. With the few columns of a row this stays far below the binds that SQLite (32,766) and PostgreSQL
/// (65,535) take, and larger ones are no quicker.
const SIZES: [usize; 5] = [256, 64, 16, 4, 1];

/// The rows in as few pieces as there are sizes for.
pub(super) fn chunks<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= rows.len())?;
        let (chunk, rest) = rows.split_at(size);
        rows = rest;
        Some(chunk)
    })
}

/// A statement over many rows: what stands before the values, how many columns each row has, what follows.
pub(super) struct Statement {
    texts: [String; SIZES.len()],
}

impl Statement {
    pub(super) fn new(before: &str, columns: usize, after: &str) -> Self {
        let row = |n: usize| format!("({})", (1..=columns).map(|c| format!("${}", n * columns + c)).collect::<Vec<_>>().join(", "));
        let text = |size| format!("{before} VALUES {} {after}", (0..size).map(row).collect::<Vec<_>>().join(", "));
        Self { texts: SIZES.map(text) }
    }

    /// The text for a piece of [`chunks`].
    pub(super) fn of<T>(&self, chunk: &[T]) -> &str {
        let at = SIZES.iter().position(|size| *size == chunk.len()).expect("a piece has one of the sizes");
        &self.texts[at]
    }
}

/// A statement about the rows whose column (the last word of its beginning) is among the numbers of a JSON list, `$1`: the one list that both
/// databases take as a single value.
macro_rules! among {
    ($db:expr, $before:literal $(, $after:literal)?) => {
        match $db {
            $crate::db::Db::Sqlite(_) => concat!($before, " IN (SELECT value FROM json_each($1))" $(, " ", $after)?),
            $crate::db::Db::Postgres(_) => {
                concat!($before, " IN (SELECT value::bigint FROM json_array_elements_text($1::json))" $(, " ", $after)?)
            }
        }
    };
}

pub(super) use among;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_piece_and_every_piece_has_its_text() {
        let rows: Vec<usize> = (0..1_000).collect();
        let statement = Statement::new("INSERT INTO t (a, b)", 2, "ON CONFLICT DO NOTHING");
        let mut found = Vec::new();
        for chunk in chunks(&rows) {
            assert_eq!(statement.of(chunk).matches('(').count(), chunk.len() + 1);
            found.extend_from_slice(chunk);
        }
        assert_eq!(found, rows);
        assert_eq!(statement.of(&[0; 4]), "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4), ($5, $6), ($7, $8) ON CONFLICT DO NOTHING");
    }
}
