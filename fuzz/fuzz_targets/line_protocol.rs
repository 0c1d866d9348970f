//! Any bytes as line protocol: no panic, and whatever is taken can be stored.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vigia_domain::decode::line_protocol::{Precision, Rules, parse};
use vigia_domain::ids::DeviceId;
use vigia_domain::limits::{TEXT_BYTES, VALUES_PER_READING};
use vigia_domain::reading::check_name;

fuzz_target!(|input: &[u8]| {
    let Some((pick, body)) = input.split_first() else { return };
    let precisions = ["ns", "us", "ms", "s", "m", "h"].map(|word| word.parse::<Precision>().expect("a precision"));
    let own = DeviceId::new("m1").expect("a good id");
    let tags = ["t".to_owned(), "cpu".to_owned()];
    let rules = Rules {
        device_tag: "device",
        name_tags: &tags[..usize::from(pick % 3)],
        precision: precisions[usize::from(*pick) % precisions.len()],
        own: (pick & 0x80 != 0).then_some(&own),
    };
    match parse(body, &rules) {
        Err(bad) => assert!(bad.line >= 1 && bad.line <= 1 + body.iter().filter(|byte| **byte == b'\n').count() as u64, "{bad}"),
        Ok(parts) => {
            for part in parts {
                assert_eq!(part.readings.len(), part.lines.len());
                for reading in &part.readings {
                    assert!(!reading.values.is_empty() && reading.values.len() <= VALUES_PER_READING);
                    assert!(reading.values.iter().all(|(name, value)| value.is_finite() && check_name(name).is_ok()));
                    let mut names: Vec<_> = reading.values.iter().map(|(name, _)| name).collect();
                    names.sort_unstable();
                    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a metric stands twice in a reading");
                }
                assert!(part.attributes.iter().all(|(name, text)| check_name(name).is_ok() && text.len() <= TEXT_BYTES));
            }
        }
    }
});
