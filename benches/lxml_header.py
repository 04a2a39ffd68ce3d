"""The peer of the bench `header`: what a program in Python does to file a document, with lxml (libxml2).

Started once with the files as arguments. Each line on the standard input is one round: every file is parsed from memory
and its header's fields are looked for; the seconds of each file come back on one line.
"""
import sys
import time

from lxml import etree

NS = {"h": "urn:hl7-org:v3"}
DOCUMENT = "{urn:hl7-org:v3}ClinicalDocument"
FIELDS = [
    "h:id", "h:code", "h:title", "h:effectiveTime", "h:confidentialityCode", "h:languageCode", "h:setId",
    "h:versionNumber", "h:recordTarget/h:patientRole/h:id", "h:recordTarget/h:patientRole/h:patient/h:name",
    "h:recordTarget/h:patientRole/h:patient/h:birthTime", "h:author", "h:author/h:assignedAuthor/h:id",
    "h:author/h:assignedAuthor/h:code", "h:author/h:assignedAuthor/h:assignedPerson/h:name",
    "h:custodian", "h:legalAuthenticator/h:assignedEntity/h:id", "h:documentationOf/h:serviceEvent",
    "h:relatedDocument/h:parentDocument/h:id", "h:componentOf/h:encompassingEncounter/h:location",
    "h:component/h:nonXMLBody/h:text",
]


def header(content):
    parser = etree.XMLParser(huge_tree=True, resolve_entities=False, no_network=True)
    root = etree.fromstring(content, parser)
    document = root if root.tag == DOCUMENT else next(root.iter(DOCUMENT))
    return [
        [(e.attrib.get("root"), e.attrib.get("extension"), e.attrib.get("code"), e.attrib.get("value"), e.text)
         for e in document.findall(path, NS)]
        for path in FIELDS
    ]


def main():
    contents = [open(path, "rb").read() for path in sys.argv[1:]]
    print("lxml", etree.LXML_VERSION, "libxml2", etree.LIBXML_VERSION, flush=True)
    for line in sys.stdin:
        times = []
        for content in contents:
            start = time.perf_counter()
            header(content)
            times.append(time.perf_counter() - start)
        print(" ".join(f"{t:.9f}" for t in times), flush=True)


main()
