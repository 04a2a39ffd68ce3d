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
# Neither a proxy nor authorities of the environment.
session.trust_env = False
session.verify = ca
session.cert = card
transport = Schemas(session=session)


def service(wsdl, binding, address, raw=False):
    settings = Settings(xml_huge_tree=True, raw_response=raw)
    client = Client(f"{schemas}/wsdl/{wsdl}", transport=transport, settings=settings)
    return client.create_service(binding, f"{base}/{address}")


def headers(action=None):
    """The assertion, and the headers of addressing: but ReplyTo, zeep writes them where the WSDL gives the action."""

    def text(name, value):
        element = etree.Element(etree.QName(WSA, name))
        element.text = value
        return element

    reply_to = etree.Element(etree.QName(WSA, "ReplyTo"))
    reply_to.append(text("Address", ANONYMOUS))
    security = etree.Element(etree.QName(WSSE, "Security"))
    security.append(etree.fromstring(assertion))
    addressing = []
    if action is not None:
        addressing = [text("Action", action), text("MessageID", f"urn:uuid:{uuid.uuid4()}"), text("To", "")]
    return [*addressing, reply_to, security]


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



def slot(name, value):
    # zeep's name for an anonymous sequence that repeats.
    return {"name": name, "ValueList": {"_value_1": [{"Value": value}]}}


# zeep does not know substitution groups: what the list holds is checked against the schema instead.
registry = service(
    "XDS.b_DocumentRegistry.wsdl", "{urn:ihe:iti:xds-b:2007}DocumentRegistry_Binding_Soap12", "registry", raw=True
)
found = registry.DocumentRegistry_RegistryStoredQuery(
    ResponseOption={"returnComposedObjects": True, "returnType": "LeafClass"},
    AdhocQuery={
        "id": FIND_DOCUMENTS,
        "Slot": [
            slot("$XDSDocumentEntryPatientId", f"'{PATIENT}'"),
            slot("$XDSDocumentEntryStatus", "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')"),
        ],
    },
    _soapheaders=headers(),
)
answer = etree.fromstring(found.content).find(".//{urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0}AdhocQueryResponse")
same("TD3.1 status", answer.get("status"), SUCCESS)
same("TD3.1 size", len(answer.findall(".//{*}ExtrinsicObject")), 1)
etree.XMLSchema(etree.parse(f"{schemas}/ebRS/query.xsd")).assertValid(answer)

repository = service("XDS.b_DocumentRepository.wsdl", "{urn:ihe:iti:xds-b:2007}DocumentRepository_Binding", "repository")
answer = repository.DocumentRepository_RetrieveDocumentSet(
    DocumentRequest=[{"RepositoryUniqueId": REPOSITORY, "DocumentUniqueId": unique_id}],
    _soapheaders=headers(),
)
# zeep gives the root of a package, and what stands beside it.
root = getattr(answer, "root", answer)
same("TD3.2 status", root.RegistryResponse.status, SUCCESS)
with open(content_file, "rb") as file:
    expected = file.read()
beside = [part.content for part in getattr(answer, "attachments", [])]
inside = [document.Document for document in root.DocumentResponse]
same("TD3.2 bytes", expected in beside + inside, True)
