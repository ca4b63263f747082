"""Outbound Messages as Salesforce sends them: SOAP, several notifications, an Ack in return."""

from xml.etree import ElementTree

import pytest

from isthmus.canonical import Customer, Opportunity
from isthmus.connect import ConnectionContext, Notice, Unauthorized, Webhook
from isthmus.connectors.salesforce import CONNECTOR

ORGANIZATION = "00D5e000000abcD"

NOTIFICATION = """
   <Notification>
    <Id>{event}</Id>
    <sObject xsi:type="sf:{kind}" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">
     <sf:Id>{record}</sf:Id>{more}
    </sObject>
   </Notification>"""


def message(*notifications: str, organization: str = ORGANIZATION) -> Webhook:
    body = f"""<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:xsd="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body>
  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
   <OrganizationId>{organization}</OrganizationId>
   <ActionId>04k5e0000000001AAA</ActionId>
   <SessionId xsi:nil="true"/>
   <EnterpriseUrl>https://acme.my.salesforce.com/services/Soap/c/66.0/{organization}</EnterpriseUrl>
   <PartnerUrl>https://acme.my.salesforce.com/services/Soap/u/66.0/{organization}</PartnerUrl>
   {"".join(notifications)}
  </notifications>
 </soapenv:Body>
</soapenv:Envelope>"""
    return Webhook({"content-type": "text/xml; charset=utf-8"}, body.encode())


def notification(event: str, kind: str, record: str, more: str = "") -> str:
    return NOTIFICATION.format(event=event, kind=kind, record=record, more=more)


@pytest.fixture
def crm():
    config = CONNECTOR.config.model_validate(
        {
            "url": "https://acme.my.salesforce.com",
            "auth": {"flow": "client_credentials", "client_id": "x", "client_secret": "not-real"},
            "organization_id": "00D5e000000abcDEAU",
        }
    )
    return CONNECTOR.open(ConnectionContext("crm"), config)


def test_notifications_name_their_records_and_are_acknowledged(crm) -> None:
    notices, reply = crm.receive(
        message(
            notification("04l5e0000000001AAA", "Opportunity", "0065e00000AAAAAAA1"),
            notification("04l5e0000000002AAA", "Account", "0015e00000AAAAAAA2"),
            notification(
                "04l5e0000000003AAA",
                "OpportunityLineItem",
                "00k5e00000AAAAAAA3",
                "<sf:OpportunityId>0065e00000AAAAAAA4</sf:OpportunityId>",
            ),
            notification("04l5e0000000004AAA", "Lead", "00Q5e00000AAAAAAA5"),
        )
    )
    assert notices == [
        Notice("04l5e0000000001AAA", Opportunity, "0065e00000AAAAAAA1"),
        Notice("04l5e0000000002AAA", Customer, "0015e00000AAAAAAA2"),
        Notice("04l5e0000000003AAA", Opportunity, "0065e00000AAAAAAA4"),
    ]
    assert reply.media_type == "text/xml"
    ack = ElementTree.fromstring(reply.body)
    assert ack.findtext(".//{http://soap.sforce.com/2005/09/outbound}Ack") == "true"


def test_a_message_of_another_org_is_turned_away(crm) -> None:
    with pytest.raises(Unauthorized, match="another organisation"):
        crm.receive(message(organization="00D5e000000abcd"))


@pytest.mark.parametrize(
    "body",
    [
        b"not xml",
        b"<a/>",
        b'<!DOCTYPE x [<!ENTITY e "1">]><x>&e;</x>',
    ],
)
def test_what_is_no_outbound_message_is_turned_away(crm, body: bytes) -> None:
    with pytest.raises(Unauthorized):
        crm.receive(Webhook({}, body))


def test_before_the_first_sign_in_nothing_is_believed() -> None:
    config = CONNECTOR.config.model_validate(
        {
            "url": "https://acme.my.salesforce.com",
            "auth": {"flow": "client_credentials", "client_id": "x", "client_secret": "not-real"},
        }
    )
    system = CONNECTOR.open(ConnectionContext("crm"), config)
    with pytest.raises(Unauthorized, match="organization_id"):
        system.receive(message())


def test_a_live_session_is_not_kept(crm) -> None:
    sent = message(notification("04l5e0000000001AAA", "Opportunity", "0065e00000AAAAAAA1"))
    session = sent.body.replace(b'<SessionId xsi:nil="true"/>', b"<SessionId>00Dsecret</SessionId>")
    notices, reply = crm.receive(Webhook(sent.headers, session))
    assert len(notices) == 1
    assert reply.kept == session.replace(b"00Dsecret", b"")
