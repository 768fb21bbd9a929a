"""Twilio: HMAC-SHA1 over the public URL and the sorted form fields; answered with TwiML."""

from collections.abc import Iterator

from hub import Event, Hmac, Reply, Request, Source, Vendor


def content(request: Request) -> bytes:
    fields = sorted(set(request.form().pairs))
    return (request.url + "".join(name + value for name, value in fields)).encode()


def read(request: Request, source: Source) -> Iterator[Event]:
    form = dict(request.form().pairs)
    kind = "call" if "CallSid" in form else "message"
    yield Event(f"{kind}.{form.get('CallStatus') or form.get('SmsStatus')}", form, account=form.get("AccountSid"),
                id=request.headers.get("i-twilio-idempotency-token"))  # fmt: skip


scheme = Hmac(header="x-twilio-signature", content=content, encoding="base64", digest="sha1", covers="part")
twiml = Reply(200, "<Response/>", media_type="text/xml")
vendor = Vendor(name="twilio", title="Twilio", verify=scheme, read=read, reply=twiml, refusals={401: Reply(403)})
