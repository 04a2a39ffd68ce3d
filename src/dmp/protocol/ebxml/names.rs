//! Namespaces, schemes and URNs of XDS.b. Sources: ITI TF-3 4.2 and 4.3, ebRIM 3.0; each was compared with the official
//! messages TD2.1, TD3.1 and TD3.3c.

/// ebRIM 3.0: the registry's objects.
pub const RIM: &str = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0";
/// ebRS 3.0: responses.
pub const RS: &str = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0";
/// Life-cycle manager: submissions.
pub const LCM: &str = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0";
/// Queries.
pub const QUERY: &str = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0";
/// IHE XDS.b: documents.
pub const XDSB: &str = "urn:ihe:iti:xds-b:2007";
/// XOP: what stands for bytes that travel beside the message.
pub const XOP: &str = "http://www.w3.org/2004/08/xop/include";

/// objectType of a stable DocumentEntry.
pub const STABLE_DOCUMENT: &str = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1";
/// objectType of an Association.
pub const ASSOCIATION_OBJECT: &str =
    "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Association";
/// The node that makes a RegistryPackage a SubmissionSet.
pub const SUBMISSION_SET_NODE: &str = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd";

/// DocumentEntry.author.
pub const AUTHOR: &str = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d";
/// DocumentEntry.classCode.
pub const CLASS: &str = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a";
/// DocumentEntry.typeCode.
pub const TYPE: &str = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983";
/// DocumentEntry.confidentialityCode.
pub const CONFIDENTIALITY: &str = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f";
/// DocumentEntry.formatCode.
pub const FORMAT: &str = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d";
/// DocumentEntry.healthcareFacilityTypeCode.
pub const FACILITY: &str = "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1";
/// DocumentEntry.practiceSettingCode.
pub const PRACTICE: &str = "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead";
/// DocumentEntry.eventCodeList.
pub const EVENT: &str = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4";
/// DocumentEntry.patientId.
pub const PATIENT_ID: &str = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427";
/// DocumentEntry.uniqueId.
pub const UNIQUE_ID: &str = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab";
/// SubmissionSet.author.
pub const SET_AUTHOR: &str = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d";
/// SubmissionSet.contentTypeCode.
pub const SET_CONTENT_TYPE: &str = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500";
/// SubmissionSet.patientId.
pub const SET_PATIENT_ID: &str = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446";
/// SubmissionSet.sourceId.
pub const SET_SOURCE_ID: &str = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832";
/// SubmissionSet.uniqueId.
pub const SET_UNIQUE_ID: &str = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8";

/// Association HasMember: a SubmissionSet holds a document.
pub const HAS_MEMBER: &str = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember";
/// Association signs: the signature of a lot, of its SubmissionSet.
pub const SIGNS: &str = "urn:ihe:iti:2007:AssociationType:signs";

/// The slot of referenceIdList.
pub const REFERENCE_ID_LIST: &str = "urn:ihe:iti:xds:2013:referenceIdList";

/// classCode of the document that signs a lot (official message TD2.1).
pub const SIGNATURE_CLASS: &str = "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1";
/// formatCode of the document that signs a lot.
pub const SIGNATURE_FORMAT: &str = "http://www.w3.org/2000/09/xmldsig#";

/// repositoryUniqueId of the DMP (official messages TD3.1 and TD3.2).
pub const DMP_REPOSITORY: &str = "1.2.250.1.213.4.1.1.1.2";
