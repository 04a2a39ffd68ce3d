//! The signature of a lot.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dmpkit::dmp::protocol::signature::{Hash, Policy, SignatureError};
use dmpkit::dmp::protocol::xades::{Lot, XadesError, sign, verify};
use dmpkit::document::Oid;

use super::oracles;
use super::people::*;

const ID: &str = "_5d2c8f1a-93b7-4a55-8e0e-6f1b2c3d4e5f";

fn oid(text: &str) -> Oid {
    Oid::new(text).expect("an OID")
}

/// A document with all that canonical form changes or keeps.
const DOCUMENT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<?xml-stylesheet href='x.xsl'?>\n<!-- avant -->\n\
    <ClinicalDocument xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xmlns='urn:hl7-org:v3' b='2' a='1&#9;x'>\r\n\
    <title>L&apos;été &lt;2026&gt; &#13;</title><!-- dedans --><text><![CDATA[<b>&]]></text><vide/></ClinicalDocument>\n<!-- après -->\n";

fn signed(lot: &Lot<'_>, hash: Hash) -> String {
    let key = FileKey::with_chain("cps", &["authority"]);
    sign(lot, ID, at(ISSUE), hash, &key).expect("a signature")
}

#[test]
fn a_lot_is_signed_and_checked_against_its_documents() {
    let (lot_id, one, two) = (oid("1.2.3.1"), oid("1.2.3.2"), oid("1.2.3.3"));
    let latin: Vec<u8> = encoding_rs::ISO_8859_15
        .encode(&DOCUMENT.replace("UTF-8", "ISO-8859-15"))
        .0
        .into_owned();
    let documents = [(&one, DOCUMENT.as_bytes()), (&two, latin.as_slice())];
    let lot = Lot {
        unique_id: &lot_id,
        documents: &documents,
    };
    for hash in [Hash::Sha256, Hash::Sha1] {
        let text = signed(&lot, hash);
        let policy = Policy {
            sha1: hash == Hash::Sha1,
            ..POLICY
        };
        let read = verify(text.as_bytes(), &lot, &policy).expect("verified");
        assert_eq!(read.at, at(ISSUE));
        assert_eq!(read.certificates, [certificate("cps")]);
        // The two are one text in two encodings: one canonical form.
        let digests: Vec<&str> = text.split("<DigestValue>").collect();
        assert_eq!(digests[4].split('<').next(), digests[5].split('<').next());
        if hash == Hash::Sha1 {
            let refused = verify(text.as_bytes(), &lot, &POLICY).unwrap_err();
            assert_eq!(refused, XadesError::Signature(SignatureError::Sha1));
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("xades.xml");
        std::fs::write(&path, &text).expect("a file");
        assert_ne!(oracles::xmlsec1_accepts(&path, "cps"), Some(false));
        assert_ne!(oracles::xmlsec1_accepts(&path, "structure"), Some(true));
        assert_ne!(oracles::java_accepts(&path, "cps"), Some(false));
    }
}

#[test]
fn another_lot_or_other_documents_are_refused() {
    let (lot_id, one, two) = (oid("1.2.3.1"), oid("1.2.3.2"), oid("1.2.3.3"));
    let (first, second) = (DOCUMENT.as_bytes(), b"<a/>".as_slice());
    let documents = [(&one, first), (&two, second)];
    let lot = Lot {
        unique_id: &lot_id,
        documents: &documents,
    };
    let text = signed(&lot, Hash::Sha256);
    let against = |unique_id: &Oid, documents: &[(&Oid, &[u8])]| {
        verify(
            text.as_bytes(),
            &Lot {
                unique_id,
                documents,
            },
            &POLICY,
        )
        .map(|_| ())
    };
    assert_eq!(against(&lot_id, &documents), Ok(()));
    assert_eq!(against(&lot_id, &[(&two, second), (&one, first)]), Ok(()));
    assert_eq!(against(&two, &documents), Err(XadesError::Manifest));
    assert_eq!(
        against(&lot_id, &[(&one, first)]),
        Err(XadesError::Manifest)
    );
    let three = oid("1.2.3.4");
    let more = [(&one, first), (&two, second), (&three, second)];
    assert_eq!(against(&lot_id, &more), Err(XadesError::Manifest));
    let swapped = [(&one, second), (&two, first)];
    assert_eq!(
        against(&lot_id, &swapped),
        Err(XadesError::Digest { index: 0 })
    );
    let altered = DOCUMENT.replace("2026", "2027");
    let altered = [(&one, altered.as_bytes()), (&two, second)];
    assert_eq!(
        against(&lot_id, &altered),
        Err(XadesError::Digest { index: 0 })
    );
    // What canonical form does not tell apart was not changed.
    let same = DOCUMENT.replace("b='2' a=", "b = \"2\"   a=");
    assert_eq!(
        against(&lot_id, &[(&one, same.as_bytes()), (&two, second)]),
        Ok(())
    );
    // A comment is part of what is signed.
    let comment = DOCUMENT.replace("dedans", "ailleurs");
    let comment = [(&one, comment.as_bytes()), (&two, second)];
    assert_eq!(
        against(&lot_id, &comment),
        Err(XadesError::Digest { index: 0 })
    );

    for (from, to, error) in [
        ("urn:oid:1.2.3.3", "urn:oid:1.2.3.9", SignatureError::Digest),
        (
            "2026-03-02T08:30:00.125Z",
            "2026-03-02T08:30:01.125Z",
            SignatureError::Digest,
        ),
        ("AA==", "AAA=", SignatureError::Digest),
        (
            "URI=\"#IHEManifest\"",
            "URI=\"#autre\"",
            SignatureError::Value,
        ),
        (
            "Id=\"IHEManifest\"",
            "Id=\"autre\"",
            SignatureError::DuplicateId,
        ),
        (
            "Id=\"purposeOfSignature\"",
            "Id=\"IHEManifest\"",
            SignatureError::DuplicateId,
        ),
        (
            "Id=\"purposeOfSignature\"",
            "Id=\"S0-SignedProperties\"",
            SignatureError::DuplicateId,
        ),
    ] {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        let refused = verify(text.replace(from, to).as_bytes(), &lot, &POLICY).unwrap_err();
        assert_eq!(refused, XadesError::Signature(error), "{from}");
    }
    let stranger = sign(&lot, ID, at(ISSUE), Hash::Sha256, &FileKey::new("stranger")).unwrap();
    assert_eq!(
        verify(stranger.as_bytes(), &lot, &POLICY).unwrap_err(),
        XadesError::Signature(SignatureError::Untrusted)
    );
    // The certificate named in the properties is the one that signed: no other may take its place, even of one key.
    let foreign = sign(
        &lot,
        ID,
        at(ISSUE),
        Hash::Sha256,
        &Impostor(FileKey::new("cps"), [certificate("stranger")]),
    );
    let own = base64_of(&certificate("cps"));
    let swapped = foreign
        .unwrap()
        .replace(&base64_of(&certificate("stranger")), &own);
    assert_eq!(
        verify(swapped.as_bytes(), &lot, &POLICY).unwrap_err(),
        XadesError::Signer
    );
    for end in (0..text.len()).step_by(53) {
        assert!(
            verify(&text.as_bytes()[..end], &lot, &POLICY).is_err(),
            "{end}"
        );
    }
}

fn base64_of(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Signs with one key under the certificate of another.
struct Impostor(FileKey, [Vec<u8>; 1]);

impl dmpkit::dmp::protocol::key::Key for Impostor {
    fn certificates(&self) -> &[Vec<u8>] {
        &self.1
    }

    fn sign(
        &self,
        algorithm: dmpkit::dmp::protocol::key::Algorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, dmpkit::dmp::protocol::key::KeyError> {
        self.0.sign(algorithm, message)
    }
}

#[test]
fn what_is_not_xml_cannot_be_signed() {
    let (lot_id, one, two) = (oid("1.2.3.1"), oid("1.2.3.2"), oid("1.2.3.3"));
    let deep = format!("{}{}", "<a>".repeat(5000), "</a>".repeat(5000));
    for bad in [
        b"%PDF-1.4".as_slice(),
        b"",
        b"<a>",
        b"<a><b></a>",
        b"<p:a/>",
        b"<a>\xff</a>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        deep.as_bytes(),
    ] {
        let documents = [(&one, b"<a/>".as_slice()), (&two, bad)];
        let lot = Lot {
            unique_id: &lot_id,
            documents: &documents,
        };
        let key = FileKey::new("cps");
        assert_eq!(
            sign(&lot, ID, at(ISSUE), Hash::Sha256, &key),
            Err(XadesError::Document { index: 1 }),
            "{}",
            String::from_utf8_lossy(&bad[..bad.len().min(20)])
        );
    }
}

#[test]
fn canonical_form_is_that_of_libxml2() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("document.xml");
    let tabs = "<a b='1\t2\n3\r\n4 &#9;&#10;&#13;'\tc = '\t'><!-- d='\t\r\n' --><?p q='\t\r\n'?><![CDATA[<x y='\t\r\n'>]]>\t\r\n\r</a>";
    for text in [DOCUMENT, tabs] {
        std::fs::write(&path, text).expect("a file");
        compare(&path);
    }
    let Some(corpus) = std::env::var_os("DMPKIT_CORPUS") else {
        println!("skipped: DMPKIT_CORPUS is not set");
        return;
    };
    let folder = PathBuf::from(corpus).join("cda");
    let index = std::fs::read_to_string(folder.join("INDEX.tsv")).expect("the index");
    let files: Vec<PathBuf> = index
        .lines()
        .skip(1)
        .map(|line| folder.join(line.split('\t').next().expect("a file")))
        .collect();
    assert_eq!(files.len(), 67, "the corpus has changed");
    for file in files {
        compare(&file);
    }
}

/// Our digest of a document beside that of xmllint's canonical form.
fn compare(path: &std::path::Path) {
    let name = path.to_str().expect("a path in UTF-8");
    let Some(output) = oracles::run("xmllint", &["--huge", "--c14n", name]) else {
        return;
    };
    assert!(output.status.success(), "{name}");
    let (lot_id, one) = (oid("1.2.3.1"), oid("1.2.3.2"));
    let bytes = std::fs::read(path).expect("a document");
    let documents = [(&one, bytes.as_slice())];
    let lot = Lot {
        unique_id: &lot_id,
        documents: &documents,
    };
    let text = signed(&lot, Hash::Sha256);
    let expected = base64_of(&Hash::Sha256.digest(&output.stdout));
    assert!(
        text.contains(&expected),
        "{name}: {}",
        String::from_utf8_lossy(&output.stdout[..output.stdout.len().min(300)])
    );
}
