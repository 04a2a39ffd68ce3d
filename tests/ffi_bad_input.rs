//! Bad input through the C face: every function of the header, every argument. Each is answered with its
//! status, NULL outputs and one English line without a value of the input; nothing is half done.

#[path = "common/face.rs"]
mod face;
#[path = "common/host.rs"]
mod host;
#[path = "common/practice.rs"]
mod practice;
#[path = "common/spoil.rs"]
mod spoil;

use face::{FUNCTIONS, Function, On, Reply, Text, call};
use host::{MARKER, World, check_failure, content, demands, good, good_text};
use practice::{ask, bare, config_on_files as config};
use serde_json::{Value, json};

#[test]
fn the_table_has_every_function_of_the_header_that_answers_a_status() {
    let header = include_str!("../include/dmpkit.h");
    let mut declared: Vec<&str> = header
        .lines()
        .filter_map(|line| line.strip_prefix("int32_t dmp_"))
        .filter_map(|rest| rest.split_once('('))
        .map(|(name, _)| name)
        .filter(|name| *name != "abi_version")
        .collect();
    let mut listed: Vec<&str> = FUNCTIONS.iter().map(|f| &f.name["dmp_".len()..]).collect();
    declared.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, declared);
    assert!(listed.len() > 40);
}

#[test]
fn null_for_each_pointer_in_turn() {
    let world = World::open();
    let before = world.effects();
    for f in FUNCTIONS {
        let text = good_text(f, &world);
        let text = text.as_deref().map(str::as_bytes);
        // One byte of content: NULL with a length is not "no content".
        let content = f.takes("content").then_some(&b"x"[..]);
        let handle = world.handle(f.on);
        for argument in [
            "handle",
            "text",
            "content",
            "handle_out",
            "text_out",
            "bytes_out",
            "len_out",
        ] {
            let aside = f.takes("handle_out") && argument == "text_out";
            let optional = f.text == Text::Optional && argument == "text";
            if !f.takes(argument) || aside || optional {
                continue;
            }
            let what = format!("{} without {argument}", f.name);
            let expected = match argument {
                "handle" => "DMP_BAD_HANDLE",
                _ => "DMP_NULL_ARGUMENT",
            };
            demands(&what, &f.without(argument, handle, text, content), expected);
        }
        let quiet = f.without("error", 0, text, content);
        let spoken = f.call(0, text, content);
        if f.takes("handle_out") && f.on == On::Nothing {
            bare("dmp_connector_close", quiet.handle).ok();
            bare("dmp_connector_close", spoken.ok().handle).ok();
        } else if f.on == On::Nothing {
            // There is no such file.
            assert_eq!(spoken.name(), "DMP_CANNOT_OPEN", "{}", f.name);
            assert_eq!(
                (quiet.status, quiet.error),
                (spoken.status, None),
                "{}",
                f.name
            );
        } else {
            assert_eq!(
                (quiet.name(), quiet.error),
                ("DMP_BAD_HANDLE", None),
                "{}",
                f.name
            );
        }
    }
    assert_eq!(world.effects(), before);
    world.close();
}

#[test]
fn text_that_is_not_utf8() {
    let world = World::open();
    let before = world.effects();
    for f in FUNCTIONS.iter().filter(|f| f.text != Text::Absent) {
        let good = good_text(f, &world).expect("a text").into_bytes();
        let middle = good.len() / 2;
        for bad in [
            &b"\xff"[..],
            b"\xc3",
            b"\xed\xa0\x80",
            b"\xf5\x80\x80\x80",
            b"\xc0\x80",
        ] {
            for at in [0, middle, good.len()] {
                let text = [&good[..at], bad, &good[at..]].concat();
                let reply = f.call(world.handle(f.on), Some(&text), content(f).as_deref());
                demands(
                    &format!("{} {bad:?} at {at}", f.name),
                    &reply,
                    "DMP_INVALID_UTF8",
                );
            }
        }
    }
    assert_eq!(world.effects(), before);
    world.close();
}

/// Calls with a spoiled record, on the world's handles, and closes what opened all the same.
fn try_record(world: &World, f: &Function, text: &str) -> Reply {
    let reply = f.call(
        world.handle(f.on),
        Some(text.as_bytes()),
        content(f).as_deref(),
    );
    if reply.status == 0 && reply.handle != 0 {
        let close = match f.name {
            "dmp_connector_open" | "dmp_connector_open_keyed" => "dmp_connector_close",
            "dmp_session_open" => "dmp_session_close",
            _ => "dmp_access_close",
        };
        bare(close, reply.handle).ok();
    }
    reply
}

fn records(world: &World) -> Vec<(&'static Function, Value)> {
    let folder = world.practice.folder.path();
    FUNCTIONS
        .iter()
        .filter(|f| matches!(f.text, Text::Record | Text::Optional))
        .flat_map(|f| {
            good(f.name, folder)
                .into_iter()
                .map(move |record| (f, record))
        })
        .collect()
}

#[test]
fn what_no_schema_allows_is_refused_and_leaves_nothing() {
    let world = World::open();
    let before = world.effects();
    for (f, record) in records(&world) {
        for spoiled in spoil::never_a_record(&record, MARKER) {
            // CString cannot hold NUL, C text neither.
            let reply = try_record(&world, f, &spoiled.text);
            demands(
                &format!("{} {}", f.name, spoiled.how),
                &reply,
                "DMP_INVALID_RECORD",
            );
        }
    }
    assert_eq!(world.effects(), before);
    world.close();
}

#[test]
fn other_values_are_taken_or_refused_without_being_told() {
    // Values that are taken may be relative paths: they stay in a folder of the test.
    let cwd = practice::folder();
    std::env::set_current_dir(cwd.path()).expect("to work there");
    let world = World::open();
    for (f, record) in records(&world) {
        let mut before = world.effects();
        for spoiled in spoil::other_values(&record, MARKER) {
            let what = format!("{} {}", f.name, spoiled.how);
            let reply = try_record(&world, f, &spoiled.text);
            if reply.status == 0 {
                before = world.effects();
                continue;
            }
            let files = f.name.starts_with("dmp_connector_open")
                || f.name.starts_with("dmp_register_")
                || f.name == "dmp_outbox_recover";
            let opening = files && (400..500).contains(&reply.status);
            if !opening {
                check_failure(&what, &reply);
            }
            assert!(world.effects() == before, "{what}: {}", reply.name());
        }
    }
    world.close();
}

#[test]
fn a_matricule_with_a_wrong_key_goes_nowhere() {
    let world = World::open();
    let before = world.effects();
    let right = "\"279035121518989\"";
    let wrong = [
        "\"279035121518988\"",
        "\"279035121518900\"",
        "\"2790351215189\"",
        "\"\"",
        "\"27903512151898A\"",
        "\"279035121518989 \"",
        "\"2790351215189890\"",
        "\"27903512151８989\"",
    ];
    let mut tried = 0;
    for (f, record) in records(&world) {
        let text = record.to_string();
        if !text.contains(right) {
            continue;
        }
        for wrong in wrong {
            let reply = try_record(&world, f, &text.replace(right, wrong));
            let what = format!("{} {wrong}", f.name);
            demands(&what, &reply, "DMP_INVALID_RECORD");
            assert!(reply.error.expect("a line").contains("INS"), "{what}");
            tried += 1;
        }
        let obsolete = text.replace("1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.2");
        demands(
            f.name,
            &try_record(&world, f, &obsolete),
            "DMP_INVALID_RECORD",
        );
    }
    assert!(tried > 100);
    assert_eq!(world.effects(), before);
    world.close();
}

#[test]
fn texts_that_are_not_identifiers_or_instants() {
    let world = World::open();
    let before = world.effects();
    let long = format!("1.{}", "2".repeat(63));
    let marked = format!("1.2.{MARKER}");
    for f in FUNCTIONS.iter().filter(|f| f.text == Text::Plain) {
        for bad in [
            "",
            " ",
            MARKER,
            &marked,
            &long,
            "1.2.3\n",
            "urn:oid:1.2.3",
            "2026-13-01T00:00:00Z",
        ] {
            let reply = f.call(world.handle(f.on), Some(bad.as_bytes()), None);
            demands(&format!("{} {bad:?}", f.name), &reply, "DMP_INVALID_VALUE");
        }
    }
    assert_eq!(world.effects(), before);
    world.close();
}

#[test]
fn a_document_that_is_not_there_is_one_answer() {
    let world = World::open();
    let before = world.effects();
    for f in FUNCTIONS
        .iter()
        .filter(|f| f.text == Text::Plain && f.on == On::Access)
    {
        let reply = call(
            f.name,
            world.practice.access,
            Some("1.2.250.1.999.404"),
            None,
        );
        demands(f.name, &reply, "DMP_UNKNOWN_DOCUMENT");
        assert!(
            reply.out.is_some(),
            "{}: nothing for a person to read",
            f.name
        );
    }
    assert_eq!(world.effects(), before);
    world.close();
}

#[test]
fn paths_that_cannot_be_a_file_of_ours() {
    let world = World::open();
    let folder = practice::folder();
    let here = |name: &str| folder.path().join(name).display().to_string();
    let missing = here(&format!("{MARKER}/register.db"));
    let a_folder = here("");
    for (path, expected) in [
        ("", "DMP_INVALID_VALUE"),
        (":memory:", "DMP_INVALID_VALUE"),
        ("file:", "DMP_INVALID_VALUE"),
        ("file:ZZSECRET?mode=memory", "DMP_INVALID_VALUE"),
        ("ZZSECRET\0.db", "DMP_INVALID_VALUE"),
        (&missing, "DMP_CANNOT_OPEN"),
        (&a_folder, "DMP_CANNOT_OPEN"),
        ("/proc/ZZSECRET.db", "DMP_CANNOT_OPEN"),
        ("/dev/null/ZZSECRET.db", "DMP_CANNOT_OPEN"),
    ] {
        for place in ["/register", "/dmp/embedded/path"] {
            let mut config = config(folder.path());
            *config.pointer_mut(place).expect("a path") = json!(path);
            let reply = ask("dmp_connector_open", 0, &config);
            let what = format!("{place} = {path:?}");
            assert_eq!(reply.name(), expected, "{what}: {:?}", reply.error);
            assert!(!reply.error.expect("a line").contains(MARKER), "{what}");
            assert_eq!(reply.handle, 0, "{what}");
            if expected == "DMP_INVALID_VALUE" {
                let left = std::fs::read_dir(folder.path())
                    .expect("the folder")
                    .count();
                assert_eq!(left, 0, "{what} left a file behind");
            }
        }
    }
    world.close();
}

#[test]
fn one_file_under_two_names_is_refused() {
    let world = World::open();
    let folder = practice::folder();
    let mut config = config(folder.path());
    let dotted = folder.path().join(".").join("register.db");
    config["dmp"]["embedded"]["path"] = json!(dotted);
    let reply = ask("dmp_connector_open", 0, &config);
    assert_eq!((reply.name(), reply.handle), ("DMP_NOT_OURS", 0));
    config["dmp"]["embedded"]["path"] = config["register"].clone();
    demands(
        "the same path",
        &ask("dmp_connector_open", 0, &config),
        "DMP_INVALID_VALUE",
    );
    world.close();
}

#[test]
fn what_only_the_national_dmp_has_is_refused_on_an_embedded_one() {
    if practice::simulated::national() {
        return;
    }
    let world = World::open();
    let before = world.effects();
    for name in [
        "dmp_connector_set_secrets",
        "dmp_connector_set_signer",
        "dmp_connector_set_transport",
        "dmp_connector_network",
        "dmp_connector_card",
    ] {
        demands(
            name,
            &bare(name, world.practice.connector),
            "DMP_INVALID_VALUE",
        );
    }
    // Nothing is on its way, before nor after.
    bare("dmp_connector_cancel", world.practice.connector).ok();
    assert_eq!(world.effects(), before);
    world.close();
}
