//! The unit of a metric, read from its standard name.
//!
//! Standard names end in their unit (`power_w`, `energy_wh`, `voltage_v`); a few have none (`power_factor`).

/// Endings of standard names and the unit's symbol, longest first.
const ENDINGS: [(&str, &str); 24] = [
    ("_m3_per_h", "m³/h"),
    ("_percent", "%"),
    ("_kwh", "kWh"),
    ("_varh", "varh"),
    ("_mwh", "mWh"),
    ("_var", "var"),
    ("_dbm", "dBm"),
    ("_hpa", "hPa"),
    ("_ppm", "ppm"),
    ("_wh", "Wh"),
    ("_va", "VA"),
    ("_kw", "kW"),
    ("_hz", "Hz"),
    ("_mv", "mV"),
    ("_ms", "ms"),
    ("_m3", "m³"),
    ("_ph", "pH"),
    ("_kg", "kg"),
    ("_w", "W"),
    ("_v", "V"),
    ("_a", "A"),
    ("_c", "°C"),
    ("_s", "s"),
    ("_l", "L"),
];

/// The unit's symbol, or an empty text for a metric without one.
///
/// ```
/// assert_eq!(vigia_domain::units::unit_of("power_w"), "W");
/// assert_eq!(vigia_domain::units::unit_of("power_factor"), "");
/// ```
#[must_use]
pub fn unit_of(metric: &str) -> &'static str {
    ENDINGS.iter().find(|(ending, _)| metric.ends_with(ending)).map_or("", |(_, symbol)| symbol)
}

/// The name without its unit's ending: `power` of `power_w`. A name without a unit is its own stem.
///
/// ```
/// assert_eq!(vigia_domain::units::stem_of("gas_m3_per_h"), "gas");
/// assert_eq!(vigia_domain::units::stem_of("power_factor"), "power_factor");
/// ```
#[must_use]
pub fn stem_of(metric: &str) -> &str {
    let ending = ENDINGS.iter().find(|(ending, _)| metric.ends_with(ending)).map_or("", |(ending, _)| ending);
    metric.strip_suffix(ending).filter(|stem| !stem.is_empty()).unwrap_or(metric)
}

/// Whether a metric only ever counts up, as a meter's register does; what is counted per day or per message does not.
///
/// ```
/// use vigia_domain::units::is_register;
/// assert!(["energy_wh", "energy_returned_2_wh", "gas_m3", "grid_total_kwh"].into_iter().all(is_register));
/// assert!(!["sub1_wh", "energy_today_wh", "total_daily_kwh", "power_w", "total_w"].into_iter().any(is_register));
/// ```
#[must_use]
pub fn is_register(metric: &str) -> bool {
    let stem = stem_of(metric).as_bytes();
    let mut words = stem.split(|byte| *byte == b'_');
    matches!(unit_of(metric), "Wh" | "kWh" | "varh" | "m³")
        && (stem.starts_with(b"energy") || stem.starts_with(b"gas") || words.clone().any(|word| word == b"total"))
        && !words.any(|word| matches!(word, b"today" | b"yesterday" | b"period" | b"daily"))
}
