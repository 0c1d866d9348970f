//! The bytes of `samples.data`: per value the metric's id (u32) and the value (f64), both little-endian.

use crate::db::DbError;

const WIDTH: usize = 12;

/// Packs values; `None` when one of them has no id yet.
pub(super) fn pack(values: impl ExactSizeIterator<Item = (Option<u32>, f64)>) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(values.len() * WIDTH);
    for (metric, value) in values {
        bytes.extend_from_slice(&metric?.to_le_bytes());
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    Some(bytes)
}

/// Unpacks values.
///
/// # Errors
/// [`DbError::Unreadable`] when the length does not fit.
pub(super) fn unpack(bytes: &[u8]) -> Result<impl Iterator<Item = (u32, f64)>, DbError> {
    let (values, []) = bytes.as_chunks::<WIDTH>() else {
        return Err(DbError::Unreadable { table: "samples", column: "data", found: format!("{} bytes", bytes.len()) });
    };
    Ok(values.iter().map(|&[a, b, c, d, ref value @ ..]| (u32::from_le_bytes([a, b, c, d]), f64::from_le_bytes(*value))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_to_the_last_bit_and_damage_is_named() {
        let values = [(1, 512.3), (70_000, -0.0), (3, f64::MIN_POSITIVE)];
        let bytes = pack(values.into_iter().map(|(id, value)| (Some(id), value))).expect("each has its id");
        assert_eq!(pack([(Some(1), 1.0), (None, 2.0)].into_iter()), None);
        assert_eq!(
            unpack(&bytes).expect("whole").map(|(m, v)| (m, v.to_bits())).collect::<Vec<_>>(),
            values.map(|(m, v)| (m, v.to_bits()))
        );
        assert!(unpack(&bytes[1..]).is_err());
    }
}
