"""Reads FHIR R4 AuditEvents, one a line, with fhir.resources; and holds their codes against what FHIR R4 requires."""
import sys

from fhir.resources.R4B.auditevent import AuditEvent

# Required bindings of AuditEvent in R4.
ACTIONS = {"C", "R", "U", "D", "E"}
OUTCOMES = {None, "0", "4", "8", "12"}

count = 0
for line in sys.stdin:
    event = AuditEvent.model_validate_json(line)
    assert event.action in ACTIONS, event.action
    assert event.outcome in OUTCOMES, event.outcome
    assert sum(1 for agent in event.agent if agent.requestor) == 1
    assert event.source.observer.identifier.value.startswith("urn:oid:")
    # sev-1: either a name or a query.
    assert all(not (entity.name and entity.query) for entity in event.entity)
    # Read and written again, nothing is lost.
    again = AuditEvent.model_validate_json(event.model_dump_json())
    assert again == event
    count += 1
print(count)
