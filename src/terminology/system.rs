//! Identifiers of the code systems: what stands in CDA `@codeSystem` and in the XDS `codingScheme`.

/// ASTM codes (signature documents); a literal, not an OID.
pub const ASTM: &str = "ASTM";
/// Codes that are URNs; a literal, not an OID.
pub const URN: &str = "URN";
/// LOINC.
pub const LOINC: &str = "2.16.840.1.113883.6.1";
/// DICOM unique identifiers used as codes.
pub const DICOM: &str = "1.2.840.10008.2.6.1";
/// IHE format codes.
pub const IHE_FORMAT: &str = "1.3.6.1.4.1.19376.1.2.3";
/// HL7 levels of confidentiality (`N`, `R`, `V`).
pub const HL7_CONFIDENTIALITY: &str = "2.16.840.1.113883.5.25";
/// HL7 functions of participants (`PCP`, `ATTPHYS`…).
pub const HL7_PARTICIPATION_FUNCTION: &str = "2.16.840.1.113883.5.88";
/// Functions of participants added by the CI-SIS.
pub const CISIS_FUNCTION: &str = "1.2.250.1.213.1.1.4.2.280";
/// TRE_A00: producers of documents who are not professionals (the patient, a device…).
pub const TRE_A00: &str = "1.2.250.1.213.1.1.4.6";
/// TRE_A01: settings of practice.
pub const TRE_A01: &str = "1.2.250.1.213.1.1.4.9";
/// TRE_A02: professions with their specialties (`G15_10/SM26`).
pub const TRE_A02: &str = "1.2.250.1.213.1.1.4.5";
/// TRE_A03: classes of document.
pub const TRE_A03: &str = "1.2.250.1.213.1.1.4.1";
/// TRE_A05: types of document that LOINC lacks.
pub const TRE_A05: &str = "1.2.250.1.213.1.1.4.12";
/// TRE_A06: formats that IHE lacks.
pub const TRE_A06: &str = "1.2.250.1.213.1.1.4.2.282";
/// TRE_A07: visibility of a document.
pub const TRE_A07: &str = "1.2.250.1.213.1.1.4.13";
/// TRE_G15: health professions.
pub const TRE_G15: &str = "1.2.250.1.71.1.2.7";
/// TRE_R02: sectors of activity.
pub const TRE_R02: &str = "1.2.250.1.71.4.2.4";
/// TRE_R85: roles of persons who are not health professionals.
pub const TRE_R85: &str = "1.2.250.1.213.1.6.1.107";
/// TRE_R94: occupations of persons who are not health professionals.
pub const TRE_R94: &str = "1.2.250.1.213.1.6.1.4";
/// TRE_R95: titles of persons who act in the health field.
pub const TRE_R95: &str = "1.2.250.1.213.1.6.1.109";
/// TRE_R209: kinds of care.
pub const TRE_R209: &str = "1.2.250.1.213.2.2";
/// TRE_R276: forms of care (hospitalisation, at home…).
pub const TRE_R276: &str = "1.2.250.1.213.1.6.1.128";
/// TRE_R342: kinds of reference identifier.
pub const TRE_R342: &str = "1.2.250.1.213.1.1.4.347";
/// HL7 roles of persons (`MTH`, `FTH`…).
pub const HL7_ROLE_CODE: &str = "2.16.840.1.113883.5.111";
/// Relations to the patient added by the CI-SIS (guardians).
pub const CISIS_RELATION: &str = "1.2.250.1.213.1.1.4.327";
/// Titles by which persons are addressed.
pub const CIVILITIES: &str = "1.2.250.1.213.1.6.1.69";
/// TRE_R01: savoir-faire of professionals (`SM26`…).
pub const TRE_R01: &str = "1.2.250.1.71.4.2.5";
/// TRE_R21: functions in a structure.
pub const TRE_R21: &str = "1.2.250.1.213.1.6.1.17";
/// TRE_R22: kinds of activity.
pub const TRE_R22: &str = "1.2.250.1.213.1.6.1.19";
/// TRE_R291: further professions.
pub const TRE_R291: &str = "1.2.250.1.213.1.6.1.140";
/// TRE_G05: sections and sub-sections of the order of pharmacists.
pub const TRE_G05: &str = "1.2.250.1.71.4.2.6";
/// TRE_G16: professions in training.
pub const TRE_G16: &str = "1.2.250.1.71.1.2.8";
/// TRE_R38: specialties as the orders of professions name them.
pub const TRE_R38: &str = "1.2.250.1.213.2.28";
/// TRE_R248: modes of access.
pub const TRE_R248: &str = "1.2.250.1.213.1.1.4.248";
/// TRE_R271: kinds of request about a dossier.
pub const TRE_R271: &str = "1.2.250.1.213.1.1.4.11";
