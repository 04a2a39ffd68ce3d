//! Stored queries there and back, from criteria and to criteria.

use dmpkit::clock::Instant;
use dmpkit::dmp::Criteria;
use dmpkit::dmp::protocol::ebxml::{
    FindDocuments, FindSubmissionSets, Ids, Query, QueryRequest, Refused, RequestError, ReturnType,
    read_query, write_query,
};
use dmpkit::dmp::protocol::xml::Writer;
use dmpkit::document::{Status, Visibility};
use dmpkit::terminology::Terminology;

use crate::sample;
use crate::support::{payload, validate};

fn write(request: &QueryRequest) -> String {
    let mut out = Writer::new();
    write_query(&mut out, request);
    out.finish()
}

fn read(xml: &str) -> Result<QueryRequest, RequestError> {
    let (mut reader, root) = payload(xml).unwrap();
    read_query(&mut reader, &root)
}

fn criteria() -> Criteria {
    let at = |text| Some(Instant::parse(text).unwrap());
    Criteria {
        status: vec![Status::Approved, Status::Archived],
        service_start_from: at("2024-03-01T00:00:00Z"),
        service_start_to: at("2026-03-01T00:00:00Z"),
        creation_from: at("2024-03-02T00:00:00Z"),
        creation_to: at("2026-03-02T00:00:00Z"),
        class_code: vec!["10".into()],
        type_code: vec!["11488-4".into(), "SYNTH".into()],
        format_code: vec!["urn:ihe:iti:xds-sd:pdf:2008".into()],
        healthcare_facility_type_code: vec!["SA07".into()],
        practice_setting_code: vec!["AMBULATOIRE".into()],
        event_code: vec!["DEQP003".into()],
        visibility: Visibility::MASKED,
        author: Some("D'ARC".into()),
        limit: None,
        after: None,
    }
}

fn patient() -> dmpkit::identity::Cx {
    "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH^^20260301"
        .parse()
        .unwrap()
}

#[test]
fn criteria_come_back_from_the_query_they_make() {
    let find = FindDocuments::of(patient(), &criteria(), &Terminology::embedded()).unwrap();
    assert_eq!(find.criteria().unwrap(), criteria());
    let request = QueryRequest::leaf(Query::FindDocuments(Box::new(find.clone())));
    let xml = write(&request);
    assert_eq!(read(&xml).unwrap(), request);
    for written in [
        "<Value>'279035121518989^^^&amp;1.2.250.1.213.1.4.10&amp;ISO^NH'</Value>",
        "('10^^1.2.250.1.213.1.1.4.1')",
        "('MASQUE_PS^^1.2.250.1.213.1.1.4.13')",
        "('%D''ARC%')",
        "<Value>20240301000000</Value>",
    ] {
        assert!(xml.contains(written), "{written}");
    }
    validate(&[("find", &xml)]);

    let by_id = Criteria {
        author: Some("3750100125/1453".into()),
        ..Criteria::default()
    };
    let find = FindDocuments::of(patient(), &by_id, &Terminology::embedded()).unwrap();
    assert_eq!(find.author, ["3750100125/1453^%"]);
    assert_eq!(find.criteria().unwrap().author, by_id.author);
    let unknown = Criteria {
        class_code: vec!["none".into()],
        ..Criteria::default()
    };
    assert!(FindDocuments::of(patient(), &unknown, &Terminology::embedded()).is_err());
}

#[test]
fn an_end_between_two_seconds_excludes_nothing_before_it() {
    let half = Instant::parse("2026-03-01T00:00:00.500Z").unwrap();
    let criteria = Criteria {
        service_start_to: Some(half),
        ..Criteria::default()
    };
    let find = FindDocuments::of(patient(), &criteria, &Terminology::embedded()).unwrap();
    assert_eq!(find.service_start_to.unwrap().as_str(), "20260301000001");
}

#[test]
fn every_query_comes_back() {
    let uuids: Vec<_> = (0..40).map(sample::uuid).collect();
    let find = FindDocuments {
        status: vec![Status::Approved],
        reference_id: vec![vec!["1^^^&1.2&ISO^urn:ihe:iti:xds:2013:order".into()]],
        ..FindDocuments::default()
    };
    let sets = FindSubmissionSets {
        patient: Some(
            "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"
                .parse()
                .unwrap(),
        ),
        status: vec![Status::Approved],
        from: Some(sample::dtm("20260301000000")),
        to: None,
    };
    let queries = [
        Query::FindDocuments(Box::new(find)),
        Query::FindSubmissionSets(sets),
        Query::GetDocuments(Ids::Unique(vec!["1.2.3".into(), "it's".into()])),
        Query::GetDocuments(Ids::Entry(uuids.clone())),
        Query::GetAssociations(uuids.clone()),
        Query::GetDocumentsAndAssociations(Ids::Entry(uuids.clone())),
        Query::GetSubmissionSets(uuids),
        Query::GetSubmissionSetAndContents(Ids::Entry(vec![sample::uuid(1)])),
        Query::GetSubmissionSetAndContents(Ids::Unique(vec!["1.2.3".into()])),
    ];
    for query in queries {
        for return_type in [ReturnType::LeafClass, ReturnType::ObjectRef] {
            let request = QueryRequest {
                query: query.clone(),
                return_type,
            };
            let xml = write(&request);
            assert_eq!(read(&xml).unwrap(), request);
            validate(&[("query", &xml)]);
        }
    }
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    let find = FindDocuments {
        status: vec![Status::Approved],
        ..FindDocuments::default()
    };
    let good = write(&QueryRequest::leaf(Query::FindDocuments(Box::new(find))));
    let with = |slot: &str| good.replace("</AdhocQuery>", &format!("{slot}</AdhocQuery>"));
    let slot = |name: &str, value: &str| {
        with(&format!(
            "<Slot name=\"{name}\"><ValueList><Value>{value}</Value></ValueList></Slot>"
        ))
    };
    assert!(read(&good).is_ok());
    assert!(read(&slot("$MetadataLevel", "1")).is_ok());
    for (xml, code) in [
        (slot("$XDSDocumentEntryUnknown", "'a'"), "XDSRegistryError"),
        (slot("unknown", "'a'"), "XDSRegistryError"),
        (
            slot(
                "$XDSDocumentEntryStatus",
                "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')",
            ),
            "XDSStoredQueryParamNumber",
        ),
        (
            slot("$XDSDocumentEntryPatientId", "279035121518989"),
            "XDSRegistryError",
        ),
        (
            slot("$XDSDocumentEntryPatientId", "'279035121518989'"),
            "XDSRegistryError",
        ),
        (
            slot("$XDSDocumentEntryClassCode", "('10')"),
            "XDSRegistryError",
        ),
        (
            slot("$XDSDocumentEntryClassCode", "('10^^1.2'"),
            "XDSRegistryError",
        ),
        (slot("$XDSDocumentEntryClassCode", ""), "XDSRegistryError"),
        (
            slot("$XDSDocumentEntryCreationTimeFrom", "yesterday"),
            "XDSRegistryError",
        ),
        (slot("$MetadataLevel", "9"), "XDSRegistryError"),
        (
            good.replace("LeafClass", "RepositoryItem"),
            "XDSRegistryError",
        ),
        (
            good.replace("StatusType:Approved", "StatusType:Submitted"),
            "XDSRegistryError",
        ),
        (
            good.replace("14d4debf", "00000000"),
            "XDSUnknownStoredQuery",
        ),
    ] {
        match read(&xml) {
            Err(RequestError::Refused(Refused { code: got, .. })) => assert_eq!(got, code, "{xml}"),
            other => panic!("{other:?}: {xml}"),
        }
    }
}
