"""A foreign identity provider made of pysaml2, driven over lines of JSON on standard input and output.

The protocol is described in tests/peers/README.md. Nothing here is a copy of what Doorward does: requests are parsed
and judged, and responses built, signed and encrypted, by pysaml2 and xmlsec1 alone.
"""

import base64
import functools
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
import warnings
from datetime import datetime as real_datetime
from datetime import timedelta
from urllib.parse import parse_qsl

warnings.filterwarnings("ignore")

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, entity, saml, sigver, time_util  # noqa: E402
from saml2.attribute_converter import AttributeConverter, ac_factory  # noqa: E402
from saml2.authn_context import PASSWORDPROTECTEDTRANSPORT  # noqa: E402
from saml2.config import IdPConfig  # noqa: E402
from saml2.metadata import entity_descriptor  # noqa: E402
from saml2.server import Server  # noqa: E402
from saml2.sigver import (  # noqa: E402
    get_pem_wrapped_unwrapped,
    make_temp,
    pre_encryption_part,
    verify_redirect_signature,
)

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
SHA256, SHA384, SHA512 = "http://www.w3.org/2001/04/xmlenc#sha256", MORE + "sha384", "http://www.w3.org/2001/04/xmlenc#sha512"
# algorithm → key kind, signature method, digest method. rsa-sha1 is there so that its refusal can be tested.
ALGORITHMS = {
    "rsa-sha1": ("rsa", "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#sha1"),
    "rsa-sha256": ("rsa", MORE + "rsa-sha256", SHA256),
    "rsa-sha384": ("rsa", MORE + "rsa-sha384", SHA384),
    "rsa-sha512": ("rsa", MORE + "rsa-sha512", SHA512),
    "ecdsa-sha256": ("ec", MORE + "ecdsa-sha256", SHA256),
    "ecdsa-sha384": ("ec", MORE + "ecdsa-sha384", SHA384),
    "ecdsa-sha512": ("ec", MORE + "ecdsa-sha512", SHA512),
}
# name → data encryption method, session key that xmlsec1 makes. pysaml2 itself always takes tripledes-cbc.
ENCRYPTION = {
    "aes128-cbc": ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "aes-128"),
    "aes256-cbc": ("http://www.w3.org/2001/04/xmlenc#aes256-cbc", "aes-256"),
    "aes128-gcm": ("http://www.w3.org/2009/xmlenc11#aes128-gcm", "aes-128"),
    "aes256-gcm": ("http://www.w3.org/2009/xmlenc11#aes256-gcm", "aes-256"),
    "tripledes-cbc": ("http://www.w3.org/2001/04/xmlenc#tripledes-cbc", "des-192"),
}
KEY_TRANSPORT = {
    "rsa-oaep-mgf1p": "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
    "rsa-1_5": "http://www.w3.org/2001/04/xmlenc#rsa-1_5",
}
BINDINGS = {"redirect": BINDING_HTTP_REDIRECT, "post": BINDING_HTTP_POST}
NAME_ID_FORMATS = {
    "emailAddress": saml.NAMEID_FORMAT_EMAILADDRESS,
    "persistent": saml.NAMEID_FORMAT_PERSISTENT,
    "transient": saml.NAMEID_FORMAT_TRANSIENT,
    "unspecified": saml.NAMEID_FORMAT_UNSPECIFIED,
}

# pysaml2 keeps ECDSA off its list for signed messages, while xmlsec1, which signs for it, does it well.
entity.SIG_ALLOWED_ALG = entity.SIG_ALLOWED_ALG + tuple((n, m) for n, (kind, m, _) in ALGORITHMS.items() if kind == "ec")
# Reading a private key takes longer than signing with it, and pysaml2 reads it twice per response.
sigver.import_rsa_key_from_file = functools.lru_cache(sigver.import_rsa_key_from_file)


class Unsupported(Exception):
    """pysaml2 cannot do what was asked for."""


class Refused(Exception):
    """The identity provider does not accept the request."""


class MovedClock:
    """Moves pysaml2's clock for one command, so that both its judgement and its responses live at that time."""

    def __init__(self, seconds):
        self.seconds = seconds

    def gmtime(self, seconds=None):
        return time.gmtime(time.time() + self.seconds if seconds is None else seconds)

    def __getattr__(self, name):
        return getattr(time, name)

    def __enter__(self):
        seconds = self.seconds

        class Moved(real_datetime):
            @classmethod
            def now(cls, tz=None):
                return real_datetime.now(tz) + timedelta(seconds=seconds)

        self.before = time_util.time, time_util.datetime
        time_util.time, time_util.datetime = self, Moved

    def __exit__(self, *_):
        time_util.time, time_util.datetime = self.before


class Keys:
    """Key pairs made when they are first needed, in a folder that goes with the process."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="pysaml2-idp-")

    def pair(self, kind, name):
        if name not in ("a", "b"):
            raise Refused(f"there is no certificate {name!r}, only a and b")
        stem = os.path.join(self.folder.name, f"{kind}-{name}")
        if not os.path.exists(stem + ".crt"):
            options = ["rsa:2048"] if kind == "rsa" else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
            subprocess.run(
                ["openssl", "req", "-x509", "-nodes", "-sha256", "-days", "730", "-subj", f"/CN=pysaml2 {kind} {name}"]
                + ["-newkey", *options, "-keyout", stem + ".key", "-out", stem + ".crt"],
                check=True,
                capture_output=True,
            )
        return stem + ".key", stem + ".crt"


class EncryptingServer(Server):
    """pysaml2's server, with the choice of the encryption method that the library does not offer by itself."""

    encryption = ("aes256-gcm", "rsa-oaep-mgf1p")

    def _encrypt_assertion(self, encrypt_cert, sp_entity_id, response, node_xpath=None):
        method, session_key = ENCRYPTION[self.encryption[0]]
        certificate = encrypt_cert or self.metadata.certs(sp_entity_id, "any", "encryption")[0][1]
        wrapped, bare = get_pem_wrapped_unwrapped(certificate)
        template = pre_encryption_part(msg_enc=method, key_enc=KEY_TRANSPORT[self.encryption[1]], encrypt_cert=bare)
        file = make_temp(wrapped.encode("ascii"), decode=False)
        return self.sec.encrypt_assertion(response, file.name, template, session_key, node_xpath)


class IdentityProvider:
    def __init__(self):
        self.keys = Keys()
        self.entity_id = "https://pysaml2.example/idp"
        self.sso_url = "https://pysaml2.example/sso"
        self.slo_url = None
        self.slo_bindings = list(BINDINGS)

    def config(self, command, kind, certificate, more=()):
        """pysaml2's configuration for this command: its own keys, and the service provider's metadata when given."""
        self.entity_id = command.get("entity_id") or self.entity_id
        self.sso_url = command.get("sso_url") or self.sso_url
        self.slo_url = command.get("slo_url") or self.slo_url
        self.slo_bindings = command.get("slo_bindings") or self.slo_bindings
        key_file, cert_file = self.keys.pair(kind, certificate)
        oid_names = command.get("attribute_names") == "oid"
        name_format = command.get("name_format", saml.NAME_FORMAT_BASIC)
        policy = {"lifetime": {"minutes": 5}, "name_form": saml.NAME_FORMAT_URI if oid_names else name_format}
        settings = {
            "entityid": self.entity_id,
            "key_file": key_file,
            "cert_file": cert_file,
            "additional_cert_files": [self.keys.pair(*pair)[1] for pair in more],
            "metadata_cache_duration": None,
            "service": {
                "idp": {
                    "endpoints": {
                        "single_sign_on_service": [
                            (self.sso_url, BINDING_HTTP_REDIRECT),
                            (self.sso_url, BINDING_HTTP_POST),
                        ],
                        "single_logout_service": [
                            (self.slo_url, BINDINGS[name]) for name in self.slo_bindings if self.slo_url
                        ],
                    },
                    "name_id_format": list(NAME_ID_FORMATS.values()),
                    "want_authn_requests_signed": bool(command.get("require_signed")),
                    "policy": {"default": {**policy, "fail_on_missing_requested": False}},
                }
            },
        }
        if command.get("sp_metadata"):
            settings["metadata"] = {"inline": [command["sp_metadata"]]}
        return settings

    def metadata(self, command):
        kinds = {"rsa": ["rsa"], "ec": ["ec"], "both": ["rsa", "ec"]}[command.get("key", "rsa")]
        pairs = [(kind, name) for name in command.get("certificates", ["a"]) for kind in kinds]
        settings = self.config(command, *pairs[0], more=pairs[1:])
        settings.pop("metadata", None)
        return {"xml": str(entity_descriptor(IdPConfig().load(settings)))}

    def respond(self, command):
        with MovedClock(command.get("now_offset_seconds") or 0):
            algorithm = command.get("algorithm", "rsa-sha256")
            if algorithm not in ALGORITHMS:
                raise Unsupported(f"pysaml2 has no signature algorithm {algorithm}")
            kind, sign_alg, digest_alg = ALGORITHMS[algorithm]
            config = IdPConfig().load(self.config(command, kind, command.get("certificate", "a")))
            config.attribute_converters = converters(command)
            server = EncryptingServer(config=config)
            target = self.target(server, command)
            document = self.build(server, command, target, sign_alg, digest_alg)
        return {
            "saml_response": base64.b64encode(document.encode()).decode(),
            "acs": target["destination"],
            "request_id": target["in_response_to"],
            "relay_state": target["relay_state"],
            "xml": document,
        }

    def logout_server(self, command):
        """The server, the service provider, and the binding by which it is to be told or asked."""
        signed = {**command, "require_signed": True}
        server = Server(config=IdPConfig().load(self.config(signed, "rsa", "a")))
        return server, next(iter(server.metadata.keys())), BINDINGS[command.get("binding", "redirect")]

    def logout_request(self, command):
        server, sp, binding = self.logout_server(command)
        to = server.metadata.single_logout_service(sp, binding, "spsso")[0]["location"]
        name_format = command.get("name_id_format", "emailAddress")
        request_id, request = server.create_logout_request(
            to,
            sp,
            name_id=saml.NameID(text=command["name_id"], format=NAME_ID_FORMATS[name_format]),
            session_indexes=command.get("session_indexes"),
            expire=time_util.in_a_while(minutes=5),
            sign=binding == BINDING_HTTP_POST,
            **SIGNED,
        )
        return {"id": request_id, **sent(server, binding, request, to, command.get("relay_state"), False)}

    def logout_answer(self, command):
        """Judges the service provider's request and answers it in the same binding."""
        server, sp, binding = self.logout_server(command)
        came = message_of(command, "SAMLRequest")
        try:
            request = server.parse_logout_request(
                came["SAMLRequest"], binding, came.get("RelayState"), came.get("SigAlg"), came.get("Signature")
            )
        except Exception as problem:  # as for a request to sign in
            raise Refused(f"{type(problem).__name__}: {problem}") from problem
        if request is None:
            raise Refused("pysaml2 did not accept the logout request")
        message = request.message
        response = server.create_logout_response(message, [binding], sign=binding == BINDING_HTTP_POST, **SIGNED)
        to = server.metadata.single_logout_service(sp, binding, "spsso")[0]["location"]
        return {
            "name_id": message.name_id.text,
            "session_indexes": [index.text for index in message.session_index],
            **sent(server, binding, response, to, came.get("RelayState"), True),
        }

    def logout_read(self, command):
        """Judges the service provider's answer."""
        server, sp, binding = self.logout_server(command)
        came = message_of(command, "SAMLResponse")
        try:
            if binding == BINDING_HTTP_REDIRECT:
                certificate = server.metadata.certs(sp, "any", "signing")[0][1]
                if not verify_redirect_signature(came, server.sec.sec_backend, certificate):
                    raise Refused("the answer's signature is not the service provider's")
            response = server.parse_logout_request_response(came["SAMLResponse"], binding)
        except Refused:
            raise
        except Exception as problem:  # as above
            raise Refused(f"{type(problem).__name__}: {problem}") from problem
        answer = response.response
        if binding == BINDING_HTTP_POST and answer.signature is None:
            raise Refused("the answer is not signed")
        return {
            "in_response_to": answer.in_response_to,
            "status": answer.status.status_code.value,
            "relay_state": came.get("RelayState"),
        }

    def target(self, server, command):
        """Whom the response is for: what the request asks, or the default consumer when nobody asked."""
        message = request_message(command)
        if message is None:
            entity_id = command.get("sp_entity_id") or next(iter(server.metadata.keys()))
            _, destination = server.pick_binding(
                "assertion_consumer_service", [BINDING_HTTP_POST], "spsso", entity_id=entity_id
            )
            relay_state = command.get("relay_state")
            return {"in_response_to": None, "destination": destination, "sp": entity_id, "relay_state": relay_state}
        try:
            request = server.parse_authn_request(**message)
        except Exception as problem:  # pysaml2 raises many kinds; all of them mean that it does not accept the request
            raise Refused(f"{type(problem).__name__}: {problem}") from problem
        if request is None:
            raise Refused("pysaml2 did not accept the request")
        arguments = server.response_args(request.message, [BINDING_HTTP_POST])
        asked = request.message.assertion_consumer_service_url
        if asked and asked != arguments["destination"]:
            raise Refused(f"the request asks for consumer {asked}, the metadata has {arguments['destination']}")
        return {
            "in_response_to": arguments["in_response_to"],
            "destination": arguments["destination"],
            "sp": arguments["sp_entity_id"],
            "relay_state": command.get("relay_state", message["relay_state"]),
        }

    def build(self, server, command, target, sign_alg, digest_alg):
        encrypt = bool(command.get("encrypt"))
        if encrypt and not server.has_encrypt_cert_in_metadata(target["sp"]):
            raise Unsupported("the service provider's metadata has no certificate to encrypt for")
        server.encryption = (
            command.get("encryption_algorithm", "aes256-gcm"),
            command.get("key_transport", "rsa-oaep-mgf1p"),
        )
        if server.encryption[0] not in ENCRYPTION or server.encryption[1] not in KEY_TRANSPORT:
            raise Unsupported(f"pysaml2 has no encryption {server.encryption}")
        sign = command.get("sign", "assertion")
        name_format = command.get("name_id_format", "persistent")
        name_id = saml.NameID(text=command.get("name_id"), format=NAME_ID_FORMATS.get(name_format, name_format))
        attributes = {k: v if isinstance(v, list) else [v] for k, v in (command.get("attributes") or {}).items()}
        response = server.create_authn_response(
            attributes,
            target["in_response_to"],
            target["destination"],
            target["sp"],
            name_id=name_id,
            authn={"class_ref": PASSWORDPROTECTEDTRANSPORT, "authn_auth": self.entity_id},
            sign_assertion=sign in ("assertion", "both"),
            sign_response=sign in ("response", "both"),
            encrypt_assertion=encrypt,
            encrypted_advice_attributes=False,
            sign_alg=sign_alg,
            digest_alg=digest_alg,
        )
        return str(response)


SIGNED = {"sign_alg": MORE + "rsa-sha256", "digest_alg": SHA256}


def sent(server, binding, message, to, relay_state, is_response):
    """A logout message as it travels: an address, or the fields of a form."""
    if binding == BINDING_HTTP_REDIRECT:
        info = server.apply_binding(
            binding, str(message), to, relay_state or "", response=is_response, sign=True, sigalg=SIGNED["sign_alg"]
        )
        return {"url": dict(info["headers"])["Location"]}
    return {"action": to, "message": base64.b64encode(str(message).encode()).decode(), "relay_state": relay_state}


def message_of(command, field):
    """The parameters of a redirect, or what a form would hold."""
    if command.get("query"):
        return dict(parse_qsl(command["query"], keep_blank_values=True))
    return {field: command["message"], "RelayState": command.get("relay_state")}


def converters(command):
    """Attribute names as given, or, with attribute_names "oid", through the maps that pysaml2 ships."""
    if command.get("attribute_names") == "oid":
        return ac_factory()
    converter = AttributeConverter(command.get("name_format", saml.NAME_FORMAT_BASIC))
    converter._to = {name.lower(): name for name in command.get("attributes") or {}}
    converter._fro = {name: name for name in converter._to.values()}
    return [converter]


def request_message(command):
    """The arguments of pysaml2's parser for this command, or None when nobody asked for a response."""
    if command.get("query"):
        command = {**command, **dict(parse_qsl(command["query"], keep_blank_values=True)), "binding": "redirect"}
        command["authn_request"] = command.get("SAMLRequest")
    if not command.get("authn_request"):
        return None
    redirect = command.get("binding", "redirect") == "redirect"
    return {
        "enc_request": command["authn_request"],
        "binding": BINDING_HTTP_REDIRECT if redirect else BINDING_HTTP_POST,
        "relay_state": command.get("RelayState", command.get("relay_state")),
        "sigalg": command.get("SigAlg"),
        "signature": command.get("Signature"),
    }


def answer(provider, line):
    try:
        command = json.loads(line)
        known = ("metadata", "respond", "logout_request", "logout_answer", "logout_read")
        action = getattr(provider, command["cmd"]) if command["cmd"] in known else None
        return action(command) if action else {"error": f"there is no command {command['cmd']}"}
    except Unsupported as problem:
        return {"unsupported": str(problem)}
    except Refused as problem:
        return {"refused": str(problem)}
    except Exception as problem:
        logging.getLogger("peer").exception("the command failed")
        return {"error": f"{type(problem).__name__}: {problem}"}


def main():
    # pysaml2 logs each refused request at length; the answer already says why.
    logging.basicConfig(stream=sys.stderr, level=logging.CRITICAL)
    logging.getLogger("peer").setLevel(logging.ERROR)
    provider = IdentityProvider()
    # pysaml2 and what it uses may print; only answers belong on standard output.
    out, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        print(json.dumps(answer(provider, line)), file=out, flush=True)


if __name__ == "__main__":
    main()
