"""The peer of `lists`: lxml parses the same answers and maps every entry to the same fields.

Started with the files; each line on its input is the place of one, which it reads, answering the time in seconds.
"""

import sys
import time

from lxml import etree

RIM = "{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}"
CODES = {
    "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a": "class_code",
    "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983": "type_code",
    "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d": "format_code",
    "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1": "facility",
    "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead": "practice_setting",
}
AUTHOR = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"
CONFIDENTIALITY = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
IDENTIFIERS = {
    "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427": "patient_id",
    "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab": "unique_id",
}


def slots(element):
    return {
        slot.get("name"): [value.text for value in slot.iterfind(RIM + "ValueList/" + RIM + "Value")]
        for slot in element.iterfind(RIM + "Slot")
    }


def text(element, name):
    found = element.find(RIM + name + "/" + RIM + "LocalizedString")
    return None if found is None else found.get("value")


def components(value):
    return value.split("^") if value else None


def entry(element):
    all_slots = slots(element)
    version = element.find(RIM + "VersionInfo")
    found = {
        "id": element.get("id"),
        "lid": element.get("lid"),
        "status": element.get("status"),
        "mime_type": element.get("mimeType"),
        "version": None if version is None else version.get("versionName"),
        "title": text(element, "Name"),
        "comments": text(element, "Description"),
        "slots": all_slots,
        "legal_authenticator": components(all_slots.get("legalAuthenticator", [None])[0]),
        "source_patient_id": components(all_slots.get("sourcePatientId", [None])[0]),
        "authors": [],
        "confidentiality": [],
        "events": [],
    }
    for one in element.iterfind(RIM + "Classification"):
        scheme = one.get("classificationScheme")
        if scheme == AUTHOR:
            found["authors"].append({name: components(values[0]) for name, values in slots(one).items()})
            continue
        code = (one.get("nodeRepresentation"), slots(one).get("codingScheme", [""])[0], text(one, "Name"))
        if scheme in CODES:
            found[CODES[scheme]] = code
        elif scheme == CONFIDENTIALITY:
            found["confidentiality"].append(code)
        else:
            found["events"].append(code)
    for one in element.iterfind(RIM + "ExternalIdentifier"):
        found[IDENTIFIERS.get(one.get("identificationScheme"))] = one.get("value")
    return found


def read(data):
    root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    return [entry(element) for element in root.iter(RIM + "ExtrinsicObject")]


def main():
    files = [open(path, "rb").read() for path in sys.argv[1:]]
    version = ".".join(map(str, etree.LIBXML_VERSION))
    print(f"lxml {etree.__version__}, libxml2 {version}", flush=True)
    for line in sys.stdin:
        data = files[int(line)]
        start = time.perf_counter()
        read(data)
        print(time.perf_counter() - start, flush=True)


main()
