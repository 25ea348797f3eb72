#!/usr/bin/env python3
"""Registers a field, and prints every change of the registry. docs/other-languages.md says what it needs."""
import os
import sys

import grpc
from google.rpc import error_details_pb2, status_pb2

from metakey.v1 import registry_pb2, registry_pb2_grpc, types_pb2

SERVICE = (("metakey-service", "python-example"),)


def connect():
    socket = os.environ.get("METAKEY_SOCKET", "/run/metakey/metakeyd.sock")
    return grpc.insecure_channel("unix:" + socket, options=[("grpc.default_authority", "localhost")])


def reason(error):
    """The stable reason of a refusal, and its facts; None where something else than the daemon spoke."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(value).details:
                info = error_details_pb2.ErrorInfo()
                if detail.Unpack(info):
                    return info.reason, dict(info.metadata)
    return None


def main():
    with connect() as channel:
        registry = registry_pb2_grpc.RegistryStub(channel)
        try:
            for name in sys.argv[1:]:
                field = types_pb2.FieldSpec(name=name, size=8, format=types_pb2.FORMAT_HEX)
                request = registry_pb2.RegisterRequest(fields=[field])
                answer = registry.Register(request, metadata=SERVICE, timeout=10)
                print(name, answer.results[0].field.id, flush=True)
            for message in registry.Watch(registry_pb2.WatchRequest(), metadata=SERVICE):
                print(message.WhichOneof("content"), message.registry.revision, flush=True)
        except grpc.RpcError as error:
            sys.exit(f"{reason(error)}: {error.details()}")


main()
