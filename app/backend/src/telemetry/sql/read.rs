//! Reading a metric's values out of the log.

use futures_util::TryStreamExt as _;
use vigia_domain::ids::DeviceNumber;

use super::codec;
use crate::db::{Db, DbError, on};

const SQL: &str = "SELECT at_ms, data FROM samples WHERE device = $1 AND at_ms >= $2 AND at_ms < $3 ORDER BY at_ms, id";

/// Calls `found` once per instant with the value that counts there, in order of time. Holds one row at a time.
pub(super) async fn each(
    db: &Db,
    device: DeviceNumber,
    metric: u32,
    from_ms: i64,
    to_ms: i64,
    mut found: impl FnMut(i64, f64),
) -> Result<(), DbError> {
    let mut pending: Option<(i64, f64)> = None;
    on!(db, |c| {
        let mut rows = sqlx::query_as::<_, (i64, Vec<u8>)>(SQL).bind(device.0).bind(from_ms).bind(to_ms).fetch(c);
        while let Some((at, data)) = rows.try_next().await? {
            let Some((_, value)) = codec::unpack(&data)?.find(|(m, _)| *m == metric) else { continue };
            match &mut pending {
                // The same instant again: the later row wins.
                Some((last, old)) if *last == at => *old = value,
                _ => {
                    if let Some((at, value)) = pending.replace((at, value)) {
                        found(at, value);
                    }
                }
            }
        }
    });
    if let Some((at, value)) = pending {
        found(at, value);
    }
    Ok(())
}
