//! Times: readable, existing, with their offset, in their order, not in the future.

use super::{Notes, every};
use crate::cda::Header;
use crate::cda::element::{Element, Tree};
use crate::cda::finding::{self, people, service, structure as rules};
use crate::cda::time::{HlTime, Precision};
use crate::clock::Instant;

/// Elements that hold a time.
const TIMES: [&str; 6] = [
    "effectiveTime",
    "time",
    "low",
    "high",
    "center",
    "birthTime",
];
/// Clocks differ: less than ten minutes ahead is not the future.
const TOLERANCE_SECONDS: i64 = 600;

/// Every time of the header.
pub(super) fn all(tree: &Tree<'_>, header: &Header, now: Option<Instant>, notes: &mut Notes) {
    let derived = derived(tree);
    for element in tree.descendants().filter(|e| TIMES.contains(&e.name())) {
        if let Some(value) = element.attribute("value") {
            one(element, value, derived.contains(&element.position()), notes);
        }
        if let (Some(low), Some(high)) = (value(element, "low"), value(element, "high"))
            && before(high, low)
        {
            let act = element
                .path()
                .starts_with("/ClinicalDocument/documentationOf");
            let rule = if act {
                &service::SERVICE_ORDER
            } else {
                &rules::TIME_ORDER
            };
            notes.inside(rule, element, "high");
        }
    }
    let start = header.service_events.iter().find_map(|e| e.low);
    let (made, start_path) = (
        header.effective_time,
        "/ClinicalDocument/documentationOf/serviceEvent/effectiveTime/low",
    );
    if let (Some(made), Some(start)) = (made, start)
        && before(made, start)
    {
        notes.add(&service::SERVICE_AFTER_DOCUMENT, start_path);
    }
    if let Some(now) = now {
        let late = now.plus_seconds(TOLERANCE_SECONDS);
        if made.is_some_and(|t| after(t, late)) {
            notes.add(
                &service::EFFECTIVE_TIME_FUTURE,
                "/ClinicalDocument/effectiveTime",
            );
        }
        if start.is_some_and(|t| after(t, late)) {
            notes.add(&service::SERVICE_FUTURE, start_path);
        }
    }
    let birth = header.patient.as_ref().and_then(|p| p.birth_time);
    if let Some(birth) = birth
        && [made, start]
            .into_iter()
            .flatten()
            .any(|t| before(t, birth))
    {
        let path = "/ClinicalDocument/recordTarget/patientRole/patient/birthTime";
        notes.add(&people::PATIENT_BIRTH_LATE, path);
    }
}

fn one(element: Element<'_>, value: &str, derived: bool, notes: &mut Notes) {
    let Some(time) = HlTime::parse(value) else {
        if derived {
            return;
        }
        let digits = value.split(['+', '-', '.']).next().unwrap_or_default();
        let shaped = matches!(digits.len(), 4 | 6 | 8 | 10 | 12 | 14)
            && digits.bytes().all(|b| b.is_ascii_digit());
        let rule = if shaped {
            &rules::TIME_NONEXISTENT
        } else {
            &rules::TIME_UNREADABLE
        };
        notes.at(rule, element);
        return;
    };
    if derived || !time.has_time() {
        return;
    }
    match time.offset() {
        None => notes.at(&rules::TIME_OFFSET, element),
        Some(offset) if !offset.four_digits => notes.at(&finding::OFFSET_DIGITS, element),
        Some(_) => {}
    }
}

/// The times that metadata use: what is wrong with them is said when metadata are derived.
fn derived(tree: &Tree<'_>) -> Vec<usize> {
    let document = tree.child("effectiveTime");
    let periods = every(tree, &["documentationOf", "serviceEvent", "effectiveTime"]);
    let readable = periods
        .iter()
        .find(|p| value(**p, "low").is_some() || HlTime::parse(own(**p)).is_some());
    // When no act has a readable beginning, that is what is said, once.
    let used = match readable {
        Some(period) => vec![*period],
        None => periods,
    };
    let parts = used.iter().flat_map(|p| {
        let low = [Some(*p), p.child("low")];
        // An unreadable end is not transmitted and nothing is said of it there.
        let high = p.child("high").filter(|h| HlTime::parse(own(*h)).is_some());
        low.into_iter().chain([high])
    });
    let all = parts.chain([document]).flatten();
    all.map(Element::position).collect()
}

fn own<'a>(element: Element<'a>) -> &'a str {
    element.attribute("value").unwrap_or_default()
}

fn value(period: Element<'_>, bound: &str) -> Option<HlTime> {
    let bound = period.all().find(|e| e.is(bound))?;
    HlTime::parse(bound.attribute("value")?)
}

/// Whether a time is before another for certain: both are cut to what both tell.
fn before(one: HlTime, other: HlTime) -> bool {
    let told = |t: HlTime| match t.to_utc() {
        Some(utc) if t.has_time() => utc.digits(),
        // The hour of an unknown offset says no more than the day.
        _ => {
            let mut day = t.digits();
            day.truncate(8);
            day
        }
    };
    // A day and a moment of it are compared in the local time of the moment.
    let (one, other) = if one.has_time() == other.has_time() {
        (told(one), told(other))
    } else {
        (one.digits(), other.digits())
    };
    let shared = one.len().min(other.len());
    one.get(..shared) < other.get(..shared)
}

/// Whether a time is after an instant for certain.
fn after(time: HlTime, instant: Instant) -> bool {
    if let Some(at) = time.instant() {
        return at.unix_timestamp() > instant.millis().div_euclid(1000);
    }
    // A day is over everywhere on Earth half a day after it is in UTC.
    let day = instant.plus_seconds(14 * 3600).date_time().date();
    time.precision() >= Precision::Day && time.date() > day
}
