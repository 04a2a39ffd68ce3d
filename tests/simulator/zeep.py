"""Drives the simulator with zeep on the official WSDL: a SOAP stack that shares nothing with this crate.

Arguments: folder of the schemas, base URL of the services, CA file, card file (certificate and key), assertion file,
uniqueId of a document in the DMP, file with its bytes.
"""

import sys
import uuid

import requests
from lxml import etree
from zeep import Client, Settings
from zeep.transports import Transport

schemas, base, ca, card, assertion_file, unique_id, content_file = sys.argv[1:]

WSA = "http://www.w3.org/2005/08/addressing"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
ANONYMOUS = "http://www.w3.org/2005/08/addressing/anonymous"
REPOSITORY = "1.2.250.1.213.4.1.1.1.2"
PATIENT = "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"
FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"

with open(assertion_file, "rb") as file:
    assertion = file.read()


class Schemas(Transport):
    """The WSDL name their schemas under a folder that is not in the set."""

    def load(self, url):
        return super().load(url.replace("/schema/", "/"))


session = requests.Session()
session.verify = ca
session.cert = card
transport = Schemas(session=session)


def service(wsdl, binding, address):
    client = Client(f"{schemas}/wsdl/{wsdl}", transport=transport, settings=Settings(xml_huge_tree=True))
    return client.create_service(binding, f"{base}/{address}")


def headers(action):
    """The four headers of addressing, and the assertion."""

    def text(name, value):
        element = etree.Element(etree.QName(WSA, name))
        element.text = value
        return element

    reply_to = etree.Element(etree.QName(WSA, "ReplyTo"))
    reply_to.append(text("Address", ANONYMOUS))
    security = etree.Element(etree.QName(WSSE, "Security"))
    security.append(etree.fromstring(assertion))
    return [
        text("Action", action),
        text("MessageID", f"urn:uuid:{uuid.uuid4()}"),
        text("To", ""),
        reply_to,
        security,
    ]


def same(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: {found!r} instead of {expected!r}")
    print(f"{what}: ok")


habilitations = service(
    "Habilitations.wsdl", "{urn:si-dmp-habilitations}HabilitationsEndPointImplServiceSoapBinding", "habilitations"
)
actions = "urn:si-dmp-habilitations:HabilitationsEndPoint"
answer = habilitations.setAuthorization(action="AJOUT", _soapheaders=headers(f"{actions}:setAuthorization"))
same("TD0.3", answer.status, "DMPOk")
answer = habilitations.listAuthorizationByPatient(
    mode="ACTIVE", _soapheaders=headers(f"{actions}:listAuthorizationByPatient")
)
same("TD1.6 status", answer.status, "DMPOk")
same("TD1.6 row", [row.nationalId for row in answer.listOfAuthorizationByPatient], ["899900987654"])

patients = service("PatientsSpecific.wsdl", "{urn:si-dmp-patients}PatientSpecificEndPointImplServiceSoapBinding", "patients")
answer = patients.patientList(
    dateType="LASTAUTORIZATION", _soapheaders=headers("urn:si-dmp-patients:PatientSpecificEndPoint:patientList")
)
same("TD0.4", (answer.status, len(answer.patientlistData)), ("DMPOk", 1))

registry = service("XDS.b_DocumentRegistry.wsdl", "{urn:ihe:iti:xds-b:2007}DocumentRegistry_Binding_Soap12", "registry")
found = registry.DocumentRegistry_RegistryStoredQuery(
    ResponseOption={"returnComposedObjects": True, "returnType": "LeafClass"},
    AdhocQuery={
        "id": FIND_DOCUMENTS,
        "Slot": [
            {"name": "$XDSDocumentEntryPatientId", "ValueList": {"Value": [f"'{PATIENT}'"]}},
            {
                "name": "$XDSDocumentEntryStatus",
                "ValueList": {"Value": ["('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')"]},
            },
        ],
    },
    _soapheaders=headers("urn:ihe:iti:2007:RegistryStoredQuery"),
)
same("TD3.1 status", found.status, SUCCESS)
same("TD3.1 size", int(found.totalResultCount), 1)

repository = service("XDS.b_DocumentRepository.wsdl", "{urn:ihe:iti:xds-b:2007}DocumentRepository_Binding_Soap12", "repository")
answer = repository.DocumentRepository_RetrieveDocumentSet(
    DocumentRequest=[{"RepositoryUniqueId": REPOSITORY, "DocumentUniqueId": unique_id}],
    _soapheaders=headers("urn:ihe:iti:2007:RetrieveDocumentSet"),
)
# zeep gives the root of a package, and what stands beside it.
root = getattr(answer, "root", answer)
same("TD3.2 status", root.RegistryResponse.status, SUCCESS)
with open(content_file, "rb") as file:
    expected = file.read()
beside = [part.content for part in getattr(answer, "attachments", [])]
inside = [document.Document for document in root.DocumentResponse]
same("TD3.2 bytes", expected in beside + inside, True)
