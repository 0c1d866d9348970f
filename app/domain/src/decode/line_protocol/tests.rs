use proptest::prelude::*;

use super::*;

const RULES: Rules<'static> = Rules { device_tag: "device", name_tags: &[], precision: Precision::Nanoseconds, own: None };

fn id(text: &str) -> DeviceId {
    DeviceId::new(text).expect("a good id")
}

fn refused(body: &str) -> String {
    parse(body.as_bytes(), &RULES).expect_err("refused").to_string()
}

#[test]
fn a_line_is_a_reading_of_the_device_that_its_tag_names() {
    let parts =
        parse(b"house,room=1,device=kitchen power_w=512.3,relay=true,count=7i,size=8u,note=\"all well\" 1736604018380000000\n", &RULES)
            .expect("good");
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].device, id("kitchen"));
    let values = [("house_power_w", 512.3), ("house_relay", 1.0), ("house_count", 7.0), ("house_size", 8.0)];
    assert_eq!(parts[0].readings, [Reading { at_ms: Some(1_736_604_018_380), values: values.map(|(n, v)| (n.to_owned(), v)).to_vec() }]);
    assert_eq!(parts[0].attributes, [("house_note".to_owned(), "all well".to_owned())]);
}

#[test]
fn lines_of_one_instant_are_one_reading_and_devices_keep_apart() {
    let body = "# a comment\r\n\r\npower,device=a w=1 1736604018000000000\r\nvolt,device=a v=2 1736604018000999999\npower,device=b w=3 1736604018000000000\npower,device=a w=4 1736604019000000000";
    let parts = parse(body.as_bytes(), &RULES).expect("good");
    assert_eq!(parts.iter().map(|p| (p.device.as_str(), p.readings.len())).collect::<Vec<_>>(), [("a", 2), ("b", 1)]);
    assert_eq!(parts[0].readings[0].values.len(), 2);
    assert_eq!(parts[0].lines, [3, 6]);
}

#[test]
fn escapes_and_quotes_are_read_as_the_reference_says() {
    let rules = Rules { device_tag: "the device", ..RULES };
    let body = br#"m\,x,the\ device=a,tag\=x=a\ b,path=C:\dir f="a \"quoted\" \\ text, with = and
a second line",g=1"#;
    let refused = parse(body, &rules).expect_err("the name has a comma");
    assert_eq!((refused.line, refused.problem), (1, Problem::BadValue(BadValue::Name("m,x_f".to_owned()))));
    let body = b"m,the\\ device=a f=\"a \\\"quoted\\\" \\\\ text,\n= \\n\",g=1 1736604018000000000\nm,the\\ device=a x 1";
    assert_eq!(parse(body, &rules).expect_err("refused").line, 3, "a line break in a text counts");
    let parts = parse(&body[..body.len() - 21], &rules).expect("good");
    assert_eq!(parts[0].attributes[0].1, "a \"quoted\" \\ text,\n= \\n");
}

#[test]
fn every_precision_comes_to_milliseconds() {
    for (precision, stamp) in
        [("ns", "1736604018000999999"), ("us", "1736604018000999"), ("u", "1736604018000000"), ("ms", "1736604018000"), ("s", "1736604018")]
    {
        let rules = Rules { precision: precision.parse().expect("a precision"), ..RULES };
        let parts = parse(format!("m,device=a f=1 {stamp}").as_bytes(), &rules).expect("good");
        assert_eq!(parts[0].readings[0].at_ms, Some(1_736_604_018_000), "{precision}");
    }
    assert_eq!(Precision::Hours.to_ms(2), Some(7_200_000));
    assert_eq!(Precision::Nanoseconds.to_ms(-1), Some(-1));
    assert_eq!("week".parse::<Precision>(), Err(UnknownPrecision));
}

#[test]
fn a_bad_line_is_named_with_what_is_wrong() {
    for (body, reason) in [
        ("m,device=a f=1\nm,device=a f=x", "line 2: the value of \"f\" is neither a number, true, false nor a text in quotes"),
        ("m,device=a f=nan", "line 1: the value of \"f\" is neither a number, true, false nor a text in quotes"),
        ("m,device=a f=inf", "line 1: the value of \"f\" is neither a number, true, false nor a text in quotes"),
        ("m,device=a f=1e999", "line 1: m_f is not a finite number"),
        ("m,device=a f=9223372036854775808i", "line 1: the value of \"f\" is neither a number, true, false nor a text in quotes"),
        ("m,device=a", "line 1: fields are written name=value, with a space before the first and commas between them"),
        ("m,device=a ", "line 1: fields are written name=value, with a space before the first and commas between them"),
        ("m,device=a f=1,", "line 1: fields are written name=value, with a space before the first and commas between them"),
        ("m,device=a f=\"x", "line 1: the text of \"f\" has no closing quote"),
        ("m,device f=1", "line 1: a tag is written name=value, with \\ before a comma, a space or = within them"),
        ("m,device=a=b f=1", "line 1: a tag is written name=value, with \\ before a comma, a space or = within them"),
        (",device=a f=1", "line 1: the measurement is missing"),
        ("m f=1", "line 1: the tag \"device\", which names the device, is missing"),
        ("m,device=a/b f=1", "line 1: \"a/b\" is no device: a device id holds only letters, digits and : _ . -"),
        ("m,device=a f=1 soon", "line 1: the time \"soon\" is not a whole number, or does not fit the precision"),
        ("m,device=a f=1 1 2", "line 1: the time \"1 2\" is not a whole number, or does not fit the precision"),
        (
            "m,device=a f=1 99999999999999999999",
            "line 1: the time \"99999999999999999999\" is not a whole number, or does not fit the precision",
        ),
    ] {
        assert_eq!(refused(body), reason, "{body}");
    }
    assert_eq!(parse(b"m,device=a f=1\nm,device=\xff f=1", &RULES).expect_err("refused").to_string(), "line 2: it is not UTF-8");
    let many = "m,device=a f=1\n".repeat(READINGS_PER_MESSAGE + 1);
    assert_eq!(refused(&many), "line 10001: a request has at most 10000 lines");
}

/// What Telegraf's `cpu` input sends: one line per core, which only a tag keeps apart.
#[test]
fn two_values_for_one_instant_are_refused_until_the_tag_stands_in_the_name() {
    let body = b"cpu,cpu=cpu0,host=barn,device=barn usage_idle=98.5 1736604018000000000\ncpu,cpu=cpu1,host=barn,device=barn usage_idle=97.5 1736604018000000000\n";
    assert_eq!(
        parse(body, &RULES).expect_err("refused"),
        BadLine { line: 2, problem: Problem::Twice { metric: "cpu_usage_idle".to_owned() } }
    );
    let tags = ["cpu".to_owned()];
    let parts = parse(body, &Rules { name_tags: &tags, ..RULES }).expect("good");
    let names: Vec<_> = parts[0].readings[0].values.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["cpu_cpu0_usage_idle", "cpu_cpu1_usage_idle"]);
    let again = [&body[..71], b"\n", &body[..71]].concat();
    assert_eq!(parse(&again, &RULES).expect("the same again is a repetition")[0].readings[0].values.len(), 1);
}

#[test]
fn a_devices_own_lines_need_no_tag_and_those_without_a_time_are_the_servers() {
    let own = id("kitchen");
    let parts = parse(b"power w=1\nvolt v=2\npower w=3", &Rules { own: Some(&own), ..RULES }).expect("good");
    assert_eq!(parts[0].device, own);
    assert_eq!(parts[0].readings.iter().map(|r| (r.at_ms, r.values.len())).collect::<Vec<_>>(), [(None, 2), (None, 1)]);
}

#[test]
fn an_instant_with_more_values_than_a_reading_has_several() {
    let fields: Vec<_> = (0..300).map(|n| format!("f{n}={n}")).collect();
    let parts = parse(format!("m,device=a {} 1736604018000000000", fields.join(",")).as_bytes(), &RULES).expect("good");
    assert_eq!(parts[0].readings.iter().map(|r| r.values.len()).collect::<Vec<_>>(), [256, 44]);
}

#[test]
fn a_body_full_of_names_is_refused_and_one_full_of_repetitions_is_read_once() {
    let fields: Vec<_> = (0..600).map(|n| format!("f{n}={n}")).collect();
    assert_eq!(refused(&format!("m,device=a {} 5", fields.join(","))), "line 1: more than 512 different metrics from one device");
    let again = format!("m,device=a {} 1736604018000000000", vec!["f=1"; 500_000].join(","));
    assert_eq!(parse(again.as_bytes(), &RULES).expect("good")[0].readings[0].values.len(), 1);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_what_it_takes_can_be_stored(body in "([a-z]{0,3}(,(device|t)=[a-z]{0,2}){0,2} {0,2}[a-z]{0,2}=(1i|2.5|t|\"x\\\\\"\"|-1e9|u|i)?(,[a-z]=3)? ?[0-9]{0,20}(\n|\r\n)?|[,= \"\\\\#a1.é]){0,12}") {
        if let Ok(parts) = parse(body.as_bytes(), &RULES) {
            for part in parts {
                prop_assert_eq!(part.readings.len(), part.lines.len());
                for (name, value) in part.readings.iter().flat_map(|r| &r.values) {
                    prop_assert!(value.is_finite() && check_name(name).is_ok());
                }
            }
        }
    }

    #[test]
    fn what_is_written_comes_back(device in "[a-z]{1,5}", field in "[a-z_]{1,8}", value in -1e12f64..1e12, at_ms in 946_684_800_000i64..4_000_000_000_000) {
        let body = format!("m,device={device} {field}={value:?} {}", at_ms * 1_000_000);
        let parts = parse(body.as_bytes(), &RULES).expect("good");
        prop_assert_eq!(&parts[0].readings[0], &Reading { at_ms: Some(at_ms), values: vec![(format!("m_{field}"), value)] });
    }
}
