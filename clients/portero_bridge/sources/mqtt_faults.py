"""What a broker's refusals and the library's errors mean, in words for the camera's operator. Pure."""

import os
import socket
import ssl

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from portero_bridge.errors import SourceFault
from portero_bridge.sources.http.trust import tls_fault
from portero_bridge.sources.mqtt_subscription import Subscription

# Reason codes of MQTT 5; the library turns those of MQTT 3.1.1 into them.
_FIRST_FAILURE = 0x80
_UNSUPPORTED_PROTOCOL = 0x84
_BAD_CLIENT_ID = 0x85
_REFUSALS = frozenset({0x86, 0x87, 0x8A, 0x8C})
"""Bad user name or password, not authorized, banned, bad authentication method."""
_SESSION_TAKEN_OVER = 0x8E


def broker_fault(error: aiomqtt.MqttError, subscription: Subscription) -> SourceFault:
    """Returns the fault that the library's error stands for."""
    # The library hides what was wrong behind a text of its own.
    hidden = error.__context__
    if isinstance(hidden, TimeoutError):
        hint = "" if subscription.address.is_secure else "; a port for TLS needs mqtts://"
        return SourceFault(f"the broker gave no answer for {subscription.connect_timeout:g} s{hint}")
    if isinstance(hidden, ssl.SSLError):
        return tls_fault(hidden, peer="the broker", schemes=("mqtt://", "mqtts://"))
    if isinstance(hidden, ConnectionError) and not isinstance(hidden, ConnectionRefusedError):
        hint = "a port for TLS needs mqtts://"
        if subscription.address.is_secure:
            hint = "a port without TLS needs mqtt://, and some brokers want a client_certificate"
        return SourceFault(f"the broker hung up before it answered; {hint}")
    if isinstance(hidden, OSError):
        return unreached(hidden)
    code = _code_of(error)
    # What the library says where the broker said nothing.
    if code is None or code.value <= _FIRST_FAILURE:
        hint = "" if subscription.address.client_id is None else "; does another client have the same client_id?"
        return SourceFault(f"the connection to the broker broke{hint}")
    return _refusal(code, subscription)


def unreached(error: OSError) -> SourceFault:
    """Returns the fault of a broker that no connection leads to."""
    # The event loop's own texts repeat the address.
    if error.errno is None or isinstance(error, socket.gaierror):
        return SourceFault("no connection to the broker: no such host")
    return SourceFault(f"no connection to the broker: {os.strerror(error.errno).lower()}")


def topic_fault(code: ReasonCode | int) -> SourceFault | None:
    """Returns what is wrong with the subscription to a topic by the broker's answer to it, or None."""
    value = code.value if isinstance(code, ReasonCode) else code
    if value < _FIRST_FAILURE:
        return None
    return SourceFault(f"the broker refuses the topic: {_words(code) if isinstance(code, ReasonCode) else 'no reason'}")


def _code_of(error: aiomqtt.MqttError) -> ReasonCode | None:
    for known in (error, error.__cause__):
        if isinstance(known, aiomqtt.MqttCodeError) and isinstance(known.rc, ReasonCode):
            return known.rc
    return None


def _refusal(code: ReasonCode, subscription: Subscription) -> SourceFault:
    if code.value in _REFUSALS:
        if subscription.credentials is None and subscription.client_certificate is None:
            return SourceFault("the broker asks for a password: set username and password_file", is_refusal=True)
        return SourceFault(f"the broker refuses the user name or the password: {_words(code)}", is_refusal=True)
    if code.value == _UNSUPPORTED_PROTOCOL:
        return SourceFault(
            f"the broker does not speak MQTT {subscription.address.protocol}: choose protocol=3.1.1 or protocol=5"
            " in the address"
        )
    if code.value == _BAD_CLIENT_ID:
        return SourceFault("the broker refuses the client_id of the address")
    if code.value == _SESSION_TAKEN_OVER:
        return SourceFault("another client of the broker has the same client_id")
    return SourceFault(f"the broker ended the connection: {_words(code)}")


def _words(code: ReasonCode) -> str:
    return str(code).lower()
