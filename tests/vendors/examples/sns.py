"""AWS SNS: RSA under a fetched certificate; a verified confirmation is answered by calling its URL."""

import re
from base64 import b64decode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import load_pem_x509_certificate

from hub import Check, Credential, Event, Outcome, Reply, Request, Secret, Source, Vendor, instant, same

CERTIFICATE = re.compile(r"\Ahttps://[^/?#]+/SimpleNotificationService-\w+\.pem\Z")
SIGNED = ("Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


async def check(request: Request, source: Source) -> Secret:
    sent, hashed = request.json(), {"1": hashes.SHA1, "2": hashes.SHA256}
    certificate = await source.fetch(CERTIFICATE.findall(sent["SigningCertURL"])[0], cache=3600)
    content = "".join(f"{name}\n{sent[name]}\n" for name in SIGNED if name in sent).encode()
    key, hash_ = load_pem_x509_certificate(certificate.body).public_key(), hashed[sent["SignatureVersion"]]()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(b64decode(sent["Signature"]), content, padding.PKCS1v15(), hash_)
    return source.match(lambda secret: same(secret.value, sent["TopicArn"]), "topic")


def read(request: Request, source: Source) -> list[Event]:
    sent = request.json()
    return [Event(sent["Type"], sent, sent["MessageId"], instant(sent["Timestamp"]), sent["TopicArn"])]


async def reply(request: Request, source: Source, outcome: Outcome) -> Reply:
    if outcome.events[0].type == "SubscriptionConfirmation":
        await source.fetch(request.json()["SubscribeURL"])
    return Reply(204)


vendor = Vendor(name="sns", title="AWS SNS", verify=Check(check, covers="part"), read=read, reply=reply,
        credentials=(Credential("topic", "Topic ARN", public=True),), hosts=("sns.*.amazonaws.com",))  # fmt: skip
