//! Packages: any bytes survive, and what is not a package is refused.

use dmpkit::dmp::protocol::mtom::{self, Limits, MtomError, Part, Received, package, receive};
use proptest::prelude::*;

const ENVELOPE: &str = "<e xmlns:xop='http://www.w3.org/2004/08/xop/include'/>";

fn read(content_type: &str, body: &[u8]) -> Result<Received, MtomError> {
    receive(content_type, body, &Limits::default())
}

/// Bytes, some of which look like delimiters of the package to come.
fn document(random: [u8; 16]) -> impl Strategy<Value = Vec<u8>> {
    let boundary = mtom::boundary(random);
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        Just(b"\r\n".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"--".to_vec()),
        // A delimiter but for its line: after a lone LF, or followed by something.
        Just(format!("x\n--{boundary}\r\n").into_bytes()),
        Just(format!("\r\n--{boundary}x\r\n").into_bytes()),
        Just(format!("\r\n--{boundary}\n").into_bytes()),
        Just(format!("\r\n --{boundary}\r\n").into_bytes()),
        Just(format!("--{boundary}").into_bytes()),
        Just(b"\r\n--MIMEBoundary_\r\n".to_vec()),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| {
        let mut bytes = vec![b'.'];
        bytes.extend(pieces.concat());
        bytes
    })
}

proptest! {
    #[test]
    fn any_bytes_survive_in_any_number_of_documents(
        documents in prop::collection::vec(document([7; 16]), 0..5),
        chunk in 1_usize..64,
    ) {
        // A look-alike joined with the line end before it would be the delimiter itself.
        prop_assume!(documents.iter().all(|d| !delimits(d, [7; 16])));
        let ids: Vec<String> = (0..documents.len()).map(|i| mtom::content_id(i + 1, [7; 16])).collect();
        let parts: Vec<Part> = documents
            .iter()
            .zip(&ids)
            .map(|(bytes, content_id)| Part { content_id, content_type: "text/xml", bytes })
            .collect();
        let package = package(ENVELOPE, None, &parts, [7; 16]).unwrap();
        let body = package.to_vec();
        prop_assert_eq!(package.len(), body.len() as u64);
        // However the connection cuts it.
        let input = std::io::BufReader::with_capacity(chunk, &body[..]);
        let received = receive(&package.content_type, input, &Limits::default()).unwrap();
        prop_assert_eq!(&received.root, ENVELOPE.as_bytes());
        prop_assert!(received.attachments.iter().map(|a| &a.bytes).eq(&documents));
        for (id, document) in ids.iter().zip(&documents) {
            let found = received.attachment(&mtom::href(id)).unwrap();
            prop_assert_eq!(&found.bytes, document);
        }
        // Cut anywhere before its end, it is refused; a look-alike cut short could be a closing delimiter.
        let boundary = mtom::boundary([7; 16]);
        let alike = |d: &Vec<u8>| d.windows(boundary.len()).any(|w| w == boundary.as_bytes());
        let most = if documents.iter().any(alike) { 0 } else { body.len() - 4 };
        for at in (0..most).step_by(7) {
            let cut = read(&package.content_type, &body[..at]);
            prop_assert!(cut.is_err(), "cut at {}", at);
        }
    }

    #[test]
    fn hostile_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..300), media in ".{0,60}") {
        let _ = read("multipart/related; boundary=a", &body);
        let _ = read(&media, &body);
        let _ = read(&format!("multipart/related; boundary={media}"), &body);
        let mut framed = b"--a\r\n".to_vec();
        framed.extend(&body);
        framed.extend(b"\r\n--a--\r\n");
        let _ = read("multipart/related; boundary=a", &framed);
    }
}

/// Whether a document holds a whole delimiter line, which 128 random bits exclude outside of this test.
fn delimits(document: &[u8], random: [u8; 16]) -> bool {
    let delimiter = format!("\r\n--{}", mtom::boundary(random)).into_bytes();
    document
        .windows(delimiter.len())
        .enumerate()
        .filter(|(_, w)| *w == delimiter)
        .any(|(at, _)| {
            let rest = &document[at + delimiter.len()..];
            let rest = rest.strip_prefix(b"--").unwrap_or(rest);
            let rest: &[u8] = &rest[rest
                .iter()
                .take_while(|b| **b == b' ' || **b == b'\t')
                .count()..];
            rest.is_empty() || rest.starts_with(b"\r\n") || rest == b"\r"
        })
}

fn multipart(parts: &[&str]) -> String {
    let mut body = String::new();
    for part in parts {
        body.push_str("--b\r\n");
        body.push_str(part);
        body.push_str("\r\n");
    }
    body + "--b--\r\n"
}

const MEDIA: &str = "multipart/related; boundary=b; start=\"<root>\"";
const ROOT: &str = "Content-ID: <root>\r\n\r\n<e/>";

#[test]
fn what_senders_do_is_tolerated() {
    let document = "Content-ID: doc%201@x\r\nContent-Type: text/xml;\r\n name=x\r\n\r\n<d/>";
    // Preamble, epilogue, the root after its documents, folded headers, no angle brackets, padded delimiters.
    let body = format!(
        "words\r\nbefore\r\n--b  \r\n{document}\r\n--b\t\r\n{ROOT}\r\n--b-- \r\nwords after\r\n--b\r\n"
    );
    let received = read(MEDIA, body.as_bytes()).unwrap();
    assert_eq!(received.root, b"<e/>");
    let [attachment] = &received.attachments[..] else {
        panic!("one document")
    };
    assert_eq!(attachment.content_type, "text/xml; name=x");
    assert_eq!(attachment.bytes, b"<d/>");
    assert!(received.attachment("cid:doc%201@x").is_some());
    assert!(received.attachment("CID:doc%2520%31@x").is_some());
    // The first part is the root when none is named; the boundary may hold "=" without quotes.
    let body = "------=_Part_1\n\n<e/>\n------=_Part_1--";
    let media = "Multipart/Related;boundary=----=_Part_1;type=\"text/xml\"";
    assert_eq!(read(media, body.as_bytes()).unwrap().root, b"<e/>");
    // In quotes, with an escape.
    let body = "--a\"b\r\n\r\n<e/>\r\n--a\"b--\r\n";
    let media = "multipart/related; boundary=\"a\\\"b\"";
    assert_eq!(read(media, body.as_bytes()).unwrap().root, b"<e/>");
    // base64.
    let encoded = "Content-ID: <d>\r\nContent-Transfer-Encoding: BASE64\r\n\r\nPGQv\r\nPg==";
    let body = multipart(&[ROOT, encoded]);
    let received = read(MEDIA, body.as_bytes()).unwrap();
    assert_eq!(received.attachments[0].bytes, b"<d/>");
    // An empty document, with and without the line end that its delimiter brings.
    for empty in ["Content-ID: <d>\r\n\r\n", "Content-ID: <d>\r\n"] {
        let body = multipart(&[ROOT, empty]);
        let received = read(MEDIA, body.as_bytes()).unwrap();
        assert_eq!(received.attachments[0].bytes, b"", "{empty:?}");
    }
    // A message alone.
    let received = read("text/xml", b"<e/>").unwrap();
    assert!(!received.multipart);
}

#[test]
fn what_is_not_a_package_is_refused_for_its_reason() {
    let whole = multipart(&[ROOT, "Content-ID: <d>\r\n\r\nx"]);
    for (media, body, error) in [
        ("multipart/related", whole.as_str(), MtomError::ContentType),
        (
            "multipart/related; boundary",
            &whole,
            MtomError::ContentType,
        ),
        (
            "multipart/related; boundary=\"b",
            &whole,
            MtomError::ContentType,
        ),
        (
            "multipart/related; boundary=\"\"",
            &whole,
            MtomError::ContentType,
        ),
        (
            "multipart/related; boundary=b; boundary=c",
            &whole,
            MtomError::ContentType,
        ),
        ("multipart", &whole, MtomError::ContentType),
        ("", &whole, MtomError::ContentType),
        ("text/html", "<html/>", MtomError::MediaType),
        ("multipart/mixed; boundary=b", &whole, MtomError::MediaType),
        ("multipart/related; boundary=c", &whole, MtomError::Cut),
        (
            "multipart/related; boundary=b; start=\"<x>\"",
            &whole,
            MtomError::NoRoot,
        ),
        (MEDIA, "--b--\r\n", MtomError::NoRoot),
        (MEDIA, "", MtomError::Cut),
        (MEDIA, "--b\r\nContent-ID: <root>", MtomError::Cut),
        (
            MEDIA,
            "--b\r\nno header\r\n\r\nx\r\n--b--",
            MtomError::PartHeaders,
        ),
        (
            MEDIA,
            "--b\r\n folded: x\r\n\r\nx\r\n--b--",
            MtomError::PartHeaders,
        ),
    ] {
        assert_eq!(read(media, body.as_bytes()), Err(error), "{media} {body:?}");
    }
    for (part, error) in [
        ("Content-ID: <root>\r\n\r\nx", MtomError::DuplicateContentId),
        (
            "Content-ID: <d>\r\nContent-ID: <e>\r\n\r\nx",
            MtomError::PartHeaders,
        ),
        (
            "Content-ID: <d>\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nx",
            MtomError::TransferEncoding,
        ),
        (
            "Content-ID: <d>\r\nContent-Transfer-Encoding: base64\r\n\r\n!!",
            MtomError::Base64,
        ),
    ] {
        let body = multipart(&[ROOT, part]);
        assert_eq!(read(MEDIA, body.as_bytes()), Err(error), "{part:?}");
    }
}

#[test]
fn each_limit_holds() {
    let small = Limits {
        root: 10,
        part: 10,
        total: 4096,
        parts: 1,
        headers: 100,
    };
    let take = |body: &str| receive(MEDIA, body.as_bytes(), &small).map(|_| ());
    let document = |n: usize| format!("Content-ID: <d>\r\n\r\n{}", "x".repeat(n));
    assert_eq!(take(&multipart(&[ROOT, &document(10)])), Ok(()));
    assert_eq!(
        take(&multipart(&[ROOT, &document(11)])),
        Err(MtomError::TooLarge("document"))
    );
    assert_eq!(
        take(&multipart(&[ROOT, &document(5000)])),
        Err(MtomError::TooLarge("document"))
    );
    assert_eq!(
        take(&multipart(&[ROOT, &document(1), "\r\nx"])),
        Err(MtomError::TooLarge("parts"))
    );
    let long = format!("Content-ID: <{}>\r\n\r\nx", "d".repeat(200));
    assert_eq!(
        take(&multipart(&[ROOT, &long])),
        Err(MtomError::TooLarge("headers"))
    );
    assert_eq!(take(&"x".repeat(200)), Err(MtomError::TooLarge("preamble")));
    let endless = multipart(&[ROOT]) + &"x".repeat(5000);
    assert_eq!(take(&endless), Err(MtomError::TooLarge("epilogue")));
    assert_eq!(
        receive("text/xml", &b"<e>12345678</e>"[..], &small).map(|_| ()),
        Err(MtomError::TooLarge("root"))
    );
}

#[test]
fn documents_are_never_copied_and_headers_cannot_be_injected() {
    let document = vec![0_u8; 1000];
    let part = |content_id, content_type| Part {
        content_id,
        content_type,
        bytes: &document,
    };
    let made = package(ENVELOPE, Some("urn:a"), &[part("a@b", "text/xml")], [1; 16]).unwrap();
    let borrowed = made
        .slices()
        .iter()
        .filter(|s| matches!(s, std::borrow::Cow::Borrowed(_)));
    assert_eq!(
        borrowed.map(|s| s.len()).sum::<usize>(),
        ENVELOPE.len() + 1000
    );
    for (parts, action, error) in [
        (
            vec![part("a\r\nX: y", "text/xml")],
            None,
            MtomError::Header("Content-ID"),
        ),
        (
            vec![part("", "text/xml")],
            None,
            MtomError::Header("Content-ID"),
        ),
        (
            vec![part("a", "text/xml\r\nX: y")],
            None,
            MtomError::Header("Content-Type"),
        ),
        (vec![], Some("a\"b"), MtomError::Header("action")),
        (
            vec![part("a", "x"), part("a", "x")],
            None,
            MtomError::DuplicateContentId,
        ),
    ] {
        let made = package(ENVELOPE, action, &parts, [1; 16]);
        assert_eq!(made.map(|_| ()).unwrap_err(), error);
    }
}
