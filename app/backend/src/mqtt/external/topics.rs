//! Which topics of an external broker are heard: what the table of routes says, alone or as a member of a group.

/// How many clients a broker has, where it says so.
pub(super) const CLIENTS: &str = "$SYS/broker/clients/connected";

/// The filters for a member of a group, or for somebody alone.
pub(super) fn of_group(filters: &[String], group: Option<&str>) -> Vec<String> {
    filters.iter().map(|filter| group.map_or_else(|| filter.clone(), |group| format!("$share/{group}/{filter}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_shares_the_same_topics() {
        let filters = ["vigia/+/telemetry".to_owned()];
        assert_eq!(of_group(&filters, None), filters);
        assert_eq!(of_group(&filters, Some("vigia")), ["$share/vigia/vigia/+/telemetry"]);
    }
}
