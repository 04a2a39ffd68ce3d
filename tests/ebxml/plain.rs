//! Messages of plain IHE tools: each is read, or refused as its name says.

use dmpkit::dmp::protocol::ebxml::{
    Object, Refused, RequestError, read_answer, read_lot, read_query, read_response, read_retrieve,
    read_retrieved, read_update,
};
use dmpkit::dmp::protocol::xml::XmlError;

use crate::support::{corpus, payload};

/// What became of a message: its code, or what was read of it.
fn outcome(text: &str) -> String {
    let (mut reader, root) = match payload(text) {
        Ok(found) => found,
        Err(XmlError::Unexpected(_)) => return "no payload".into(),
        Err(error) => return format!("{error:?}"),
    };
    let request = |result: Result<String, RequestError>| match result {
        Ok(read) => read,
        Err(RequestError::Refused(Refused { code, rule })) => {
            format!("{code} {}", rule.split(':').next().unwrap())
        }
        Err(RequestError::Xml(error)) => format!("{error:?}"),
    };
    let answer = |result: Result<String, XmlError>| result.unwrap_or_else(|e| format!("{e:?}"));
    match root.name.as_str() {
        "ProvideAndRegisterDocumentSetRequest" => {
            request(read_lot(&mut reader, &root).map(|l| format!("lot {}", l.documents.len())))
        }
        "SubmitObjectsRequest" => {
            request(read_update(&mut reader, &root).map(|u| format!("changes {}", u.changes.len())))
        }
        "AdhocQueryRequest" => request(read_query(&mut reader, &root).map(|_| "query".into())),
        "AdhocQueryResponse" => {
            let mut seen = [0; 3];
            let result = read_answer(&mut reader, &root, |object| match object {
                Object::Document(_) => seen[0] += 1,
                Object::Reference(_) => seen[1] += 1,
                _ => seen[2] += 1,
            });
            answer(result.map(|o| format!("{:?} {} errors, {seen:?}", o.status, o.errors.len())))
        }
        "RegistryResponse" => {
            let response = read_response(&mut reader, &root);
            answer(response.map(|r| format!("{:?} {} errors", r.status, r.errors.len())))
        }
        "RetrieveDocumentSetRequest" => {
            answer(read_retrieve(&mut reader, &root).map(|r| format!("asks {}", r.len())))
        }
        "RetrieveDocumentSetResponse" => {
            let given = read_retrieved(&mut reader, &root);
            answer(given.map(|(r, d)| {
                format!(
                    "{:?} {} errors, gives {}",
                    r.status,
                    r.errors.len(),
                    d.len()
                )
            }))
        }
        other => format!("not ours: {other}"),
    }
}

/// Other registries have other confidentiality codes, which the DMP refuses: they become its own.
fn adapted(text: &str) -> String {
    let scheme = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f";
    let mut out = String::new();
    let mut pieces = text.split("<rim:Classification");
    out.push_str(pieces.next().unwrap());
    for piece in pieces {
        out.push_str("<rim:Classification");
        if !piece.contains(scheme) {
            out.push_str(piece);
            continue;
        }
        let (before, rest) = piece.split_once("nodeRepresentation=\"").unwrap();
        let (_, rest) = rest.split_once('"').unwrap();
        let (middle, rest) = rest.split_once("Value>").unwrap();
        let (_, rest) = rest.split_once('<').unwrap();
        out.push_str(&format!(
            "{before}nodeRepresentation=\"N\"{middle}Value>2.16.840.1.113883.5.25<{rest}"
        ));
    }
    out
}

#[test]
fn each_is_read_or_refused_as_its_name_says() {
    for (file, expected) in [
        ("nist__sq-req.xml", "query"),
        (
            "nist__sq-req-bad-code.xml",
            "XDSRegistryError a code must be written code^^system",
        ),
        (
            "nist__sq-req-bad-stat-format1.xml",
            "XDSRegistryError a list of the query",
        ),
        (
            "nist__sq-req-missing-stat.xml",
            "XDSStoredQueryMissingParam status",
        ),
        ("nist__soap-sq-req.xml", "query"),
        ("nist__soap-xcq-req.xml", "query"),
        ("ipf__iti51request.xml", "XDSUnknownStoredQuery"),
        ("nist__sq-resp-lc.xml", "Success 0 errors"),
        ("nist__sq-resp-lc-no-objectType.xml", "Success 0 errors"),
        ("nist__sq-resp-objectref.xml", "Success 0 errors, [0, 6, 0]"),
        ("nist__soap-xcq-resp-error.xml", "1 errors"),
        ("nist__regresp-fail-noerr.xml", "Failure 0 errors"),
        ("nist__soap-pnr-resp.xml", "Success 0 errors"),
        ("nist__soap-r-resp.xml", "Success 0 errors"),
        ("nist__soap-ret-req.xml", "asks 2"),
        ("nist__soap-xcr-req.xml", "asks 2"),
        (
            "nist__soap-xret-resp-error.xml",
            "Failure 1 errors, gives 2",
        ),
        (
            "nist__soap-xret-resp-homeless.xml",
            "Failure 1 errors, gives 2",
        ),
        ("nist__pnr.xml", "XDSMissingDocument Document"),
        ("nist__soap-pnr.xml", "XDSMissingDocument Document"),
        ("nist__soap-noaction-pnr.xml", "XDSMissingDocument Document"),
        (
            "nist__pnr-assoc-to-self.xml",
            "UnresolvedReferenceException HasMember",
        ),
        ("nist__pnr-limited.xml", "XDSRegistryMetadataError"),
        (
            "ipf__SubmitObjectsRequest_ebrs30.xml",
            "XDSRegistryMetadataError",
        ),
        (
            "ipf__SubmitObjectsRequest_ebrs3_extra_metadata.xml",
            "XDSRegistryMetadataError",
        ),
        ("ipf__SubmitObjectsRequest_ebrs30_update.xml", "changes 2"),
        (
            "ipf__SubmitObjectsRequest_ebrs30_update_sameLid.xml",
            "XDSMetadataUpdateError",
        ),
        (
            "ipf__SubmitObjectsRequest_ebrs30_update_nonstandard_association.xml",
            "XDSMetadataUpdateOperationError associationType",
        ),
        ("ipf__submission-set.xml", "XDSMetadataUpdateError"),
        (
            "nist_mu__30008_remove_assoc_only.xml",
            "not ours: RemoveObjectsRequest",
        ),
        // ebRIM 2.1, before XDS.b.
        ("nist_mu__20000d_folder_update.xml", "no payload"),
        (
            "nist_mu__20002b_missing_SubmissionSetStatus.xml",
            "no payload",
        ),
        ("nist_mu__20004_new_version_and_status.xml", "no payload"),
        ("nist__12374_two_doc_w_fol.xml", "no payload"),
        ("nist__empty-soap-wrapper.xml", "no payload"),
        ("nist__xml-parse-error.xml", "Malformed"),
        ("ipf__saml2-assertion-for-xua.xml", "no payload"),
        (
            "nist__simple.body.txt",
            "XDSMetadataUpdateError ExtrinsicObject",
        ),
        ("nist__sample_mtom_message.txt", "lot 1"),
    ] {
        let Some(text) = corpus(&format!("xds/{file}")) else {
            return;
        };
        let text = if file.contains("sq-resp") || file.contains("resp-error") {
            text
        } else {
            adapted(&text)
        };
        let got = outcome(&text);
        println!("{file}: {got}");
        assert!(got.contains(expected), "{file}: {got}");
    }
}
